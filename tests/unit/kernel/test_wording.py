"""Messages of msgspec in JSON's words, and nothing of what a caller sent is touched."""

import pytest

from roadbed.kernel.wording import decoder_words, json_names


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Expected `int`, got `str`", "Expected `integer`, got `string`"),
        ("Expected `int | null`, got `bool`", "Expected `integer | null`, got `boolean`"),
        ("Expected `int | float`, got `object`", "Expected `integer | number`, got `object`"),
        ("Expected `int` >= 1", "Expected `integer` >= 1"),
        ("Expected `str` of length <= 3", "Expected `string` of length <= 3"),
        ("Expected `str` matching regex '^`int`$'", "Expected `string` matching regex '^`int`$'"),
        ("Expected `uuid`, got `array`", "Expected `uuid`, got `array`"),
        ("Invalid enum value 'Expected `int`'", "Invalid enum value 'Expected `int`'"),
        ("Invalid UUID", "Invalid UUID"),
    ],
)
def test_types_have_the_names_of_json(message: str, expected: str) -> None:
    assert json_names(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Input data was truncated", "it ends too early"),
        ("JSON is malformed: invalid number (byte 12)", "invalid number (byte 12)"),
        ("something new", "something new"),
    ],
)
def test_what_is_no_json_is_told_shortly(message: str, expected: str) -> None:
    assert decoder_words(message) == expected
