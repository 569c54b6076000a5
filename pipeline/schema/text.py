"""Edits a schema.pbtxt in place: what did not change keeps its text, its order and its comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

_TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}<>]|\w+""")


@dataclass(frozen=True)
class _Message:
    """`field { … }` in a text, by position."""

    field: str
    start: int
    body: int
    """Just behind the opening brace."""
    end: int
    """Just behind the closing one."""


def edited(text: str, new: schema_pb2.Schema) -> str:
    """The text with as little changed as makes it say `new`.

    Only features and string domains may differ. A feature's comments stay where one of its
    sub-messages (presence, a domain, …) changed; they go where its type did, and with a feature
    that is removed.

    Raises:
      ValueError: the text does not come out right (a form this editor does not know); use
        `text_format` and lose the comments.
    """
    old = text_format.Parse(text, schema_pb2.Schema())
    for field in ("feature", "string_domain"):
        text = _edit_all(text, field, getattr(old, field), getattr(new, field))
    try:
        right = _by_name(text_format.Parse(text, schema_pb2.Schema())) == _by_name(new)
    except text_format.ParseError:
        right = False
    if not right:
        raise ValueError("the schema's text has a form that cannot be edited in place")
    return text


def _edit_all(text: str, field: str, old: Any, new: Any) -> str:
    before = {message.name: message for message in old}
    after = {message.name: message for message in new}
    places = [place for place in _messages(text) if place.field == field]
    if len(places) != len(old):
        raise ValueError(f"{len(old)} {field} messages, {len(places)} of them found in the text")
    named = {message.name: place for message, place in zip(old, places, strict=True)}
    for name, place in reversed(named.items()):  # from the end: earlier positions stay right
        if name not in after:
            cut = place.end + text[place.end :].startswith("\n")
            text = text[: place.start] + text[cut:]
        elif after[name] != before[name]:
            block = _edit_one(text[place.start : place.end], before[name], after[name])
            text = text[: place.start] + block + text[place.end :]
    added = [_block(field, message) for name, message in after.items() if name not in before]
    return text if not added else f"{text.rstrip()}\n" + "".join(f"{block}\n" for block in added)


def _edit_one(block: str, old: Any, new: Any) -> str:
    """A block whose changed sub-messages are replaced; written anew where that is not enough."""
    [whole] = _messages(block)
    inside = {place.field: place for place in _messages(block[whole.body : whole.end - 1])}
    body = block[whole.body : whole.end - 1]
    changed = {field.name for field, _ in (*old.ListFields(), *new.ListFields())} - {
        field.name for field, value in new.ListFields() if _get(old, field.name) == value
    }
    if not changed <= {
        field.name for field, value in new.ListFields() if hasattr(value, "ListFields")
    }:
        return _block(whole.field, new)
    for name in sorted(changed, key=lambda name: -inside[name].start if name in inside else 1):
        line = f"{name} {{ {text_format.MessageToString(getattr(new, name), as_one_line=True)} }}"
        if name in inside:
            place = inside[name]
            body = body[: place.start] + line + body[place.end :]
        else:
            body = f"{body.rstrip()}\n  {line}\n"
    return block[: whole.body] + body + block[whole.end - 1 :]


def _get(message: Any, name: str) -> Any:
    present = {field.name: value for field, value in message.ListFields()}
    return present.get(name)


def _block(field: str, message: Any) -> str:
    body = text_format.MessageToString(message, indent=2)
    return f"{field} {{\n{body}}}"


def _messages(text: str) -> Iterator[_Message]:
    """The outermost messages of a text."""
    depth, word, start, body = 0, "", 0, 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "{<":
            depth += 1
            body = match.end() if depth == 1 else body
        elif token in "}>":
            depth -= 1
            if depth == 0:
                yield _Message(word, start, body, match.end())
        elif depth == 0 and token[0] not in "#\"'":
            word, start = token, match.start()


def _by_name(schema: schema_pb2.Schema) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {feature.name: feature for feature in schema.feature},
        {domain.name: domain for domain in schema.string_domain},
    )
