"""What msgspec says of a value, in the words of callers: they write JSON, and no Python."""

from __future__ import annotations

import re

_TYPES = {"int": "integer", "str": "string", "bool": "boolean", "float": "number"}
"""JSON's names of what msgspec calls by Python's; those of object, array and null are the same."""

_EXPECTED = re.compile(r"Expected `[^`]*`(?:, got `[^`]*`)?")
_TYPE = re.compile(rf"\b(?:{'|'.join(_TYPES)})\b")


def json_names(message: str) -> str:
    """Return a message of msgspec with JSON's names of types: "Expected `integer`, got `string`".

    Only where msgspec itself speaks of types: further on it may quote what a caller sent.
    """
    found = _EXPECTED.match(message)
    if found is None:
        return message
    return _TYPE.sub(lambda name: _TYPES[name[0]], found[0]) + message[found.end() :]


def decoder_words(message: str) -> str:
    """Return what msgspec says of a text that is no JSON: "it ends too early", "invalid character (byte 3)"."""
    if message == "Input data was truncated":
        return "it ends too early"
    return message.removeprefix("JSON is malformed: ")
