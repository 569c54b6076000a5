"""How many files a split has."""

from components.example_gen.shards import SHARD_BYTES, shard_counts

SPLIT = {"train": 8, "eval": 1, "test": 1}


def test_small_data_is_one_file_each() -> None:
    assert shard_counts(1000, SPLIT) == {"train": 1, "eval": 1, "test": 1}


def test_large_data_is_cut() -> None:
    counts = shard_counts(SHARD_BYTES * 100, SPLIT)
    assert counts == {"train": 80, "eval": 10, "test": 10}


def test_rows_without_labels_have_files_of_their_own() -> None:
    counts = shard_counts(1000, SPLIT, SHARD_BYTES * 3)
    assert counts == {"train": 1, "eval": 1, "test": 1, "unlabelled": 3}
