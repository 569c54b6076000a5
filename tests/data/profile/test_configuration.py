"""Any name and any reason make valid TOML."""

import tomllib

import pytest

from data.columns import Treatment
from data.profile.configuration import toml
from data.profile.decision import Decision
from data.profile.label import Label
from data.tasks import Task

ODD = [
    "plain",
    "with space",
    'quo"te',
    "new\nline",
    "größe",
    "a.b",
    "#",
    "",
    "back\\slash",
    "\x7f\x00",
    "'",
]


@pytest.mark.parametrize("name", ODD)
def test_names(name: str) -> None:
    text = toml(
        name="my",
        head=f"rows of {name}",
        path=name,
        label=Label(name, Task.BINARY, "two\nclasses", notes=(f"note {name}",)),
        schema="my.pbtxt",
        decisions=[
            Decision(name, "BYTES", Treatment.HASH, f"why {name}", buckets=64, warning=f"! {name}"),
        ],
        excluded={name: f"because {name}"},
        missing=(name,),
        leaks={name: "it\ntells"},
        slices=(name,),
    )
    read = tomllib.loads(text)
    assert read["data"]["label"] == read["data"]["path"] == name
    assert read["data"]["exclude"] == read["data"]["missing"] == [name]
    assert read["features"] == {name: {"as": "hash", "buckets": 64}}
    assert read["evaluate"] == {"slices": [name]}
