import re

import pytest

from roadbed.kernel.codes import ALPHABET, CODE_PATTERN, new_code, read_code

CODE = "7K3M-Q0ZD-94VA-R8TB-1EHC"


def test_codes_are_long_different_and_easy_to_read() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {24}
    assert set("".join(codes)) == {*ALPHABET, "-"}
    assert not set("ILOU") & set(ALPHABET)


@pytest.mark.parametrize(
    "written",
    [
        CODE,
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        f" {CODE} ",
        CODE.replace("1", "l"),
        "7K3MQOZD-94VA R8TB-iEHC",
    ],
)
def test_a_code_is_read_however_it_was_written_down(written: str) -> None:
    assert read_code(written) == CODE
    assert re.search(CODE_PATTERN, written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        CODE[:-1],
        CODE + "0",
        CODE.replace("7", "U"),
        CODE.replace("7", "ß"),
        "٧" * 20,
        CODE[:-2] + "ß",
        CODE + "\n",
        "ı" * 20,
    ],
)
def test_what_is_no_code_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(ValueError, match=r"^Expected a code of 5 groups of 4 letters and digits$"):
        read_code(written)
    assert not re.search(CODE_PATTERN.replace("$", r"\Z"), written)
