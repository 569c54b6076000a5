"""Editing a schema's text: what changed changes, everything else stays to the letter."""

import difflib

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.schema.text import edited

TEXT = """# What trips look like. A brace in a comment: { and one in a "string }".

# Money.
feature {
  name: "fare"  # in dollars
  type: FLOAT
  presence { min_fraction: 1.0 min_count: 1 }
  float_domain { min: 0 max: 500 }  # largest seen 320
}
feature { name: "odd { name" type: BYTES string_domain { value: "a }" value: "b" } }

# The label.
feature: <
  name: "tipped"
  type: BYTES
  domain: "yes or no"
>
string_domain {
  name: "yes or no"
  value: "no"  # most of them
  value: "yes"
}
"""


def schema() -> schema_pb2.Schema:
    return text_format.Parse(TEXT, schema_pb2.Schema())


def changed(wanted: schema_pb2.Schema) -> list[str]:
    """The lines of the diff, after making sure that it says what it should."""
    after = edited(TEXT, wanted)
    assert text_format.Parse(after, schema_pb2.Schema()) == wanted
    lines = difflib.unified_diff(TEXT.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_nothing() -> None:
    assert edited(TEXT, schema()) == TEXT


def test_a_bound_changes_in_its_line_and_the_comment_stays() -> None:
    wanted = schema()
    wanted.feature[0].float_domain.max = 700
    assert changed(wanted) == [
        "-  float_domain { min: 0 max: 500 }  # largest seen 320",
        "+  float_domain { min: 0.0 max: 700.0 }  # largest seen 320",
    ]


def test_two_parts_of_one_feature() -> None:
    wanted = schema()
    wanted.feature[0].presence.min_fraction = 0.5
    wanted.feature[0].float_domain.min = -1
    assert len(changed(wanted)) == 4


def test_a_part_is_added() -> None:
    wanted = schema()
    wanted.feature[0].value_count.min = 1
    assert changed(wanted) == ["+  value_count { min: 1 }"]


def test_values_with_braces() -> None:
    wanted = schema()
    wanted.feature[1].string_domain.value.append('c "{')
    [_, after] = changed(wanted)
    assert after.endswith('value: "c \\"{" } }')


def test_a_type_changes_and_the_feature_is_written_anew() -> None:
    wanted = schema()
    wanted.feature[0].type = schema_pb2.INT
    lines = changed(wanted)
    assert '-  name: "fare"  # in dollars' in lines and "+  type: INT" in lines
    assert not any("tipped" in line or "Money" in line for line in lines)


def test_a_shared_domain_grows() -> None:
    wanted = schema()
    wanted.string_domain[0].value.append("maybe")
    assert '+  value: "maybe"' in changed(wanted)


def test_removed_and_added() -> None:
    wanted = schema()
    del wanted.feature[1]
    wanted.feature.add(name="surge", type=schema_pb2.FLOAT)
    wanted.string_domain.add(name="new", value=["x"])
    lines = changed(wanted)
    assert sum(line.startswith("-") for line in lines) == 1
    assert '+  name: "surge"' in lines and '+  value: "x"' in lines


@pytest.mark.parametrize("rest", ['{ name: "b" type: INT }', '{ name: "b" }, { name: "c" }'])
def test_a_form_it_does_not_know_is_refused(rest: str) -> None:
    """Several messages behind one name cannot be told apart by their outermost braces."""
    listed = f'feature: [ {{ name: "a" type: INT }}, {rest} ]\n'
    wanted = text_format.Parse(listed, schema_pb2.Schema())
    wanted.feature[0].type = schema_pb2.FLOAT
    with pytest.raises(ValueError, match="cannot be edited|found in the text"):
        edited(listed, wanted)
