"""JSON merge patch (RFC 7396) on texts: what a patch does not touch stays letter by letter, big numbers too."""

from __future__ import annotations

import msgspec

from roadbed.kernel.errors import Fault, Invalid

MAX_DEPTH = 64
"""How deep the objects of a patch may be nested: each level is read anew."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def merge_patch(target: str, patch: str) -> str:
    """Return a value after a merge patch, both as JSON texts. Of a name that comes twice in an object the last counts.

    Raises:
        Invalid: the patch is nested too deeply.
    """
    return bytes(_merge(msgspec.Raw(target.encode()), msgspec.Raw(patch.encode()), MAX_DEPTH)).decode()


def _merge(target: msgspec.Raw | None, patch: msgspec.Raw, levels: int) -> msgspec.Raw:
    if not _is_object(patch):
        return patch
    if not levels:
        raise Invalid(faults=[Fault("", f"A patch has at most {MAX_DEPTH} objects within each other")])
    members = _members(target) if target is not None and _is_object(target) else {}
    for name, change in _members(patch).items():
        if _begins(change, 5) == b"null":
            members.pop(name, None)
        else:
            members[name] = _merge(members.get(name), change, levels - 1)
    return msgspec.Raw(_encode(members))


def _is_object(text: msgspec.Raw) -> bool:
    return _begins(text, 1) == b"{"


def _begins(text: msgspec.Raw, length: int) -> bytes:
    return bytes(memoryview(text)[:length])
