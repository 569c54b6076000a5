"""The pipeline through Beam's job server for Spark, with Spark 3.5 inside it, by the same seam as Flink.

Skipped, with the reason, where Java or the job server cannot be had.
"""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(spark: Path, shop_in_files: Any) -> Any:
    return shop_in_files(spark)


def test_data_components_give_what_the_local_engine_gives(shop, made) -> None:
    local = shop.last()
    forced = ["ExampleGen", "StatisticsGen", "Transform"]
    flags = ["--engine", "spark", "--set", "train.epochs=1", "--to", "Transform"]
    assert shop.run(*flags, "--force", *forced) == 0
    remote = shop.last()
    assert [remote.nodes[node].state for node in forced] == ["ran"] * 3
    made(shop).assert_same(local, remote)
