"""Bodies that are no JSON, or too much of it: 400 or 413, and no row."""

from collections.abc import Iterator
from typing import Any

from tests.contract.scenarios import Rows, Scenario, deposit, get, post, single

LIMIT = 1024 * 1024
DEEP = 100_000
DIGITS = 100_000

NEW = '{"account_id": "<a>", "amount": 1}'

NO_JSON = {
    "nothing": "",
    "a blank": " ",
    "a word": "hello",
    "a form": "account_id=<a>&amount=1",
    "half an object": NEW[:-1],
    "half a text": '{"account_id": "<a>',
    "a comma too many": NEW[:-1] + ",}",
    "single quotes": NEW.replace('"', "'"),
    "bare names": NEW.replace('"amount"', "amount"),
    "a comment": NEW + " // one",
    "something behind": NEW + "x",
    "a second value behind": NEW + NEW,
    "two lines of JSON": NEW + "\n" + NEW,
    "a byte order mark": b"\xef\xbb\xbf" + NEW.encode(),
    "UTF-16": NEW.encode("utf-16"),
    "NUL behind": NEW + "\0",
    "NUL before": "\0" + NEW,
    "a NUL inside a text": NEW.replace("<a>", "\0"),
    "a line break inside a text": NEW.replace("<a>", "\n"),
    "latin-1 in a name": NEW.encode().replace(b'"amount"', b'"am\xe9unt"'),
    "a lone surrogate": NEW.replace("<a>", "\\ud800"),
    "a wrong escape": NEW.replace("<a>", "\\x41"),
    "a short escape": NEW.replace("<a>", "\\u00"),
    "NaN": NEW.replace("1}", "NaN}"),
    "Infinity": NEW.replace("1}", "Infinity}"),
    "-Infinity": NEW.replace("1}", "-Infinity}"),
    "leading zeros": NEW.replace("1}", "00}"),
    "a leading zero": NEW.replace("1}", "07}"),
    "a plus sign": NEW.replace("1}", "+1}"),
    "a dot without digits": NEW.replace("1}", "1.}"),
    "digits without a dot before": NEW.replace("1}", ".5}"),
    "hexadecimal": NEW.replace("1}", "0x1}"),
    "an underscore": NEW.replace("1}", "1_000}"),
    "True": NEW.replace("1}", "True}"),
    "a minus alone": NEW.replace("1}", "-}"),
    "full-width digits": NEW.replace("1}", "１}"),
    f"{DEEP} brackets": "[" * DEEP,
    "20,000 pairs of brackets": "[" * 20_000 + "]" * 20_000,
    f"{DEEP} pairs of brackets": "[" * DEEP + "]" * DEEP,
}

NO_VALUE = {
    "latin-1 in a text": (NEW.encode().replace(b"<a>", b"\xe9"), "/account_id"),
    "UTF-8 cut short": (NEW.encode().replace(b"<a>", b"\xe2\x82"), "/account_id"),
    "UTF-8 longer than needed": (NEW.encode().replace(b"<a>", b"\xc0\xaf"), "/account_id"),
    "a surrogate in UTF-8": (NEW.encode().replace(b"<a>", b"\xed\xa0\x80"), "/account_id"),
    f"{DEEP} objects": ('{"a":' * DEEP + "1" + "}" * DEEP, "/a"),
    f"{DEEP} brackets for the amount": (NEW.replace("1}", "[" * DEEP + "]" * DEEP + "}"), "/amount"),
    f"{DEEP} brackets in an unknown member": (NEW[:-1] + ', "x": ' + "[" * DEEP + "]" * DEEP + "}", "/x"),
}
"""Where the decoder sees at once that the value is of another type it does not read it to its end."""

HUGE_NUMBERS = {
    f"{DIGITS} digits": "9" * DIGITS,
    f"minus {DIGITS} digits": "-" + "9" * DIGITS,
    f"a one and {DIGITS} zeros": "1" + "0" * DIGITS,
    f"{DIGITS} decimals": "0." + "1" * DIGITS,
    f"an exponent of {DIGITS} digits": "1e" + "9" * DIGITS,
}


def _no_json() -> Iterator[Scenario]:
    for what, body in NO_JSON.items():
        yield single(f"{what} is no body", post("/transactions", body=body, status=400, faults=("",)))
    for what, (body, pointer) in NO_VALUE.items():
        yield single(f"{what} is no value", post("/transactions", body=body, status=400, faults=(pointer,)))


def _padded(size: int) -> str:
    # An id fills its name: both have as many characters as the text that is sent.
    bare = len(NEW) - len("<a>") + 36
    return NEW[:-1] + " " * (size - bare) + "}"


def _huge() -> Iterator[Scenario]:
    for what, number in HUGE_NUMBERS.items():
        body = NEW.replace("1}", number + "}")
        yield single(f"{what} are no amount", post("/transactions", body=body, status=400, faults=("/amount",)))


def _sizes() -> Iterator[Scenario]:
    one = Rows(transactions=1, accounts=1)
    for chunked, how in ((False, "with its length"), (True, "in chunks")):
        yield Scenario(
            f"a body of exactly 1 MiB is read, {how}",
            (post("/transactions", body=_padded(LIMIT), chunked=chunked),),
            one,
        )
        for size in (LIMIT + 1, 4 * LIMIT):
            step = post("/transactions", body=_padded(size), chunked=chunked, status=413, closes=True)
            yield single(f"a body of {size} bytes is too large, {how}", step)


def _lies() -> Iterator[Scenario]:
    for length in (str(LIMIT + 1), str(2**31), str(2**63 - 1)):
        headers = {"Content-Length": length, "Content-Type": "application/json"}
        yield single(
            f"a length of {length} is refused before a byte of it is read",
            post("/transactions", headers=headers, status=413, closes=True),
        )


WIDE: dict[str, Any] = {f"name {number}": number for number in range(20_000)}

SCENARIOS = (
    *_no_json(),
    *_huge(),
    *_sizes(),
    *_lies(),
    single(
        "an object of 20,000 unknown members costs no more than its first fault",
        post("/transactions", WIDE, 400, faults=("/name 0",)),
    ),
    Scenario(
        "blanks around JSON, and any order of members",
        (
            post("/transactions", body=' \r\n\t{ "amount" :\n7 , "account_id" : "<a>" } \n'),
            deposit("a", 1),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 8},
    ),
    Scenario(
        "escapes in names and texts mean what they stand for",
        (post("/transactions", body='{"\\u0061mount": 7, "account\\u005fid": "<a>"}'),),
        Rows(transactions=1, accounts=1),
        {"<a>": 7},
    ),
    Scenario(
        "a body of many small chunks",
        (post("/transactions", body=_padded(3 * 8192 + 1), chunked=True),),
        Rows(transactions=1, accounts=1),
    ),
    single("a GET with a body is answered, and the body passed over", get("/ping", body="[" * 1000)),
    single("a body that is JSON's null", post("/transactions", None, 400, faults=("",))),
)
