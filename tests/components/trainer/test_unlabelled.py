"""Files of rows without labels are told from the others by where TFX keeps a split."""

from components.trainer.unlabelled import divide


def test_by_the_split_they_lie_in() -> None:
    train = "/out/unlabelled/Transform/transformed_examples/7/Split-train/*"
    more = "/out/unlabelled/Transform/transformed_examples/7/Split-unlabelled/*"
    assert divide([train, more]) == ([train], [more])
    assert divide([train]) == ([train], [])
