"""A small real data set with its configuration, and runs of it in this process."""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.run import main
from pipeline.earlier import history

SCHEMA = """
feature { name: "age" type: FLOAT presence { min_fraction: 0.5 min_count: 1 } value_count { min: 1 max: 1 }
  float_domain { min: 0 max: 120 } }
feature { name: "visits" type: INT presence { min_fraction: 1.0 min_count: 1 } value_count { min: 1 max: 1 } }
feature { name: "city" type: BYTES presence { min_fraction: 1.0 min_count: 1 } value_count { min: 1 max: 1 }
  string_domain { value: "Bern" value: "Oslo" value: "Rome" } }
feature { name: "bought" type: BYTES presence { min_fraction: 1.0 min_count: 1 } value_count { min: 1 max: 1 }
  string_domain { value: "no" value: "yes" } not_in_environment: "SERVING" }
default_environment: "TRAINING"
default_environment: "SERVING"
"""

CONFIG = """
name = "shop"
[data]
path = "shop.csv"
label = "bought"
task = "binary"
schema = "shop.pbtxt"
split = { train = 6, eval = 2, test = 2 }
[train]
epochs = 2
batch_size = 32
[evaluate]
slices = ["city"]
gates = [{ metric = "auc", min = 0.6, worse_by = 0.2 }]
"""


def shop_rows(count: int = 600, seed: int = 1) -> list[dict[str, Any]]:
    """Rows whose label follows from age and city, with some noise and some missing ages."""
    source = random.Random(seed)
    rows = []
    for _ in range(count):
        age, city = source.uniform(18, 80), source.choice(["Bern", "Oslo", "Rome"])
        likely = age > 45 if city != "Rome" else age < 60
        rows.append(
            {
                "age": "" if source.random() < 0.1 else round(age, 1),
                "visits": source.randrange(12),
                "city": city,
                "bought": "yes" if likely != (source.random() < 0.1) else "no",
            }
        )
    return rows


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes rows as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Shop:
    """The data set's folder, and its runs."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "shop.toml"

    @property
    def root(self) -> Path:
        return self.folder / "output" / "shop"

    @property
    def serving(self) -> Path:
        return self.root / "serving" / "shop"

    def run(self, *flags: str) -> int:
        """`run_local.py` in this process."""
        return main(["--config", str(self.config), "--root", str(self.folder / "output"), *flags])

    def last(self) -> history.Run:
        """The newest run."""
        return history.runs(self.root)[0]

    def states(self) -> dict[str, str]:
        """{node: state} of the newest run."""
        return {node["id"]: node["state"] for node in self.last().summary["nodes"]}


def make_shop(folder: Path, infra_validator: bool = True) -> Shop:
    """Writes the data set, the schema and the configuration into `folder`."""
    write_csv(folder / "shop.csv", shop_rows())
    (folder / "shop.pbtxt").write_text(SCHEMA)
    off = "" if infra_validator else "[infra_validate]\nenabled = false\n"
    (folder / "shop.toml").write_text(CONFIG + off)
    return Shop(folder)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A fresh data set. Its models are pushed without a server being started for each."""
    return make_shop(tmp_path, infra_validator=False)


@pytest.fixture
def new_rows() -> Callable[..., list[dict[str, Any]]]:
    """Makes other rows of the same kind."""
    return shop_rows


@pytest.fixture(scope="session")
def new_shop() -> Callable[..., Shop]:
    """Makes a data set in a folder, for tests that keep one longer than a test."""
    return make_shop


@pytest.fixture(scope="session")
def shop_after_a_run(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A data set with one finished run; tests that use it leave it as they found it."""
    made = make_shop(tmp_path_factory.mktemp("shop"))
    assert made.run() == 0
    return made
