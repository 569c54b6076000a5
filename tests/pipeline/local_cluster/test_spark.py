"""`--engine spark` on the Spark inside Beam's job server: the data components, results as of `local`.

Skipped, with the reason, where Java or Beam's job server cannot be had.
"""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_data_components_give_what_the_local_engine_gives(
    spark: Path, shop_in_files: Any, made: Any
) -> None:
    shop = shop_in_files(spark)
    local = shop.last()
    forced = ["ExampleGen", "StatisticsGen", "Transform"]
    flags = ["--engine", "spark", "--set", "train.epochs=1", "--to", "Transform"]
    assert shop.run(*flags, "--force", *forced) == 0
    remote = shop.last()
    assert [remote.nodes[node].state for node in forced] == ["ran"] * 3
    made(shop).assert_same(local, remote)
