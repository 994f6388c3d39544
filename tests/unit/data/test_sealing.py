"""Seals: opened by their own key, by no other."""

import pytest

from roadbed.data.sealing import seal, unseal


@pytest.mark.parametrize("plain", [b"", b"\0", b"\0\0code", "ß".encode() * 1000])
def test_a_seal_opens_with_its_own_key_alone(plain: bytes) -> None:
    sealed, again = seal(b"key", plain), seal(b"key", plain)
    assert (unseal(b"key", sealed), unseal(b"key", again)) == (plain, plain)
    assert sealed != again
    assert sealed.isascii()
    assert " " not in sealed
    assert len(plain) < 2 or unseal(b"other", sealed) != plain
