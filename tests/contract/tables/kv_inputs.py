"""The key-value store: what a key may be, what is kept of a value, and merge patches."""

import re
from collections.abc import Iterator

from tests.contract.scenarios import Rows, Scenario, Step, get, post, put, single
from tests.contract.tables.kv import ONE, entry, patch, store

MERGE = {"Content-Type": "application/merge-patch+json"}
MIB = 1024 * 1024

KEYS = {
    "a letter": "k-<k>",
    "255 characters": "k" * 219 + "<k>",
    "255 characters of four bytes": "%F0%9F%98%80" * 219 + "<k>",
    "slashes inside": "a/b/c/<k>",
    "dots": ".a/..b/c./...<k>",
    "blanks": "%20a%20/%20<k>%20",
    "what other paths end at": "a%3Fb%23c%26d=e;f,g@h:<k>",
    "a percent sign": "100%25/<k>",
    "quotes and backslashes": "%22%27%5C%60/<k>",
    "letters beyond ASCII": "schl%C3%BCssel/<k>",
    "what SQL takes for a pattern": "%25_%25/<k>",
    "names of parameters": "history/version=1/<k>",
}
NO_KEYS = {
    "nothing": "",
    "a slash at its end": "<k>/",
    "a slash at its beginning": "/<k>",
    "a doubled slash": "a//<k>",
    "a slash at its end, encoded": "<k>%2F",
    "a doubled slash, encoded": "a%2F%2F<k>",
    "a dot": ".",
    "two dots": "%2E%2E",
    "a segment of a dot": "a/./<k>",
    "a segment of two dots": "a/../<k>",
    "a segment of two dots at its end": "<k>/..",
    "256 characters": "k" * 220 + "<k>",
    "a NUL": "<k>%00",
    "a line break": "<k>%0A",
    "a delete character": "<k>%7F",
    "a control character of Latin-1": "<k>%C2%85",
}
VALUES = (
    *("null", "true", "false", "0", "-0", "-0.0", "1.10", "1E400", "9007199254740993", "-9223372036854775809"),
    *('""', '"é"', '"\\u00e9\\u0000\\ud83d\\ude00"', "[]", "{}", "[[[]]]", "9" * 500, "3.141592653589793238462643"),
    *('{"b": 1, "a" : [ 1 , 2.0 ]}', '{"same": 1, "same": 2}', '{"": {"/": "~"}}', "[" * 200 + "]" * 200),
)
NOT_JSON = {
    "a word": "yes",
    "NaN": "NaN",
    "half a surrogate pair": '"\\ud800"',
    "a leading zero": "01",
    "a comma at the end": "[1,]",
    "single quotes": "'a'",
    "a comment": "/**/1",
    "too many brackets": "[" * 100_000 + "]" * 100_000,
}
# RFC 7396, appendix A, and what it says of names beside those of the patch.
PATCHES = (
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    (
        '{"big":9007199254740993,"exact":1.10, "e":1E2,"s":"\\u00e9"}',
        '{"n":18446744073709551617}',
        '{"big":9007199254740993,"exact":1.10,"e":1E2,"s":"\\u00e9","n":18446744073709551617}',
    ),
)


def _keys() -> Iterator[Scenario]:
    for what, key in KEYS.items():
        steps = (
            store(1, key=key, keep={"version": "/version", "name": "/key"}),
            get(f"/kv/{key}", reply=entry(1, "<name>"), expect={"ETag": '"<version>"'}),
            get(f"/kv/{key.replace('/', '%2F')}", reply=entry(1, "<name>")),
            get(f"/kv?limit=1&prefix={key}", reply=[entry(1, "<name>")]),
            post("/kv", {"key": "<name>", "value": 2}, 409, kind="key-exists"),
        )
        yield Scenario(f"a key of {what}", steps, ONE)
    for what, key in NO_KEYS.items():
        calls = [get(f"/kv/{key}", status=400, faults=("path:key",)), store(1, 400, key, faults=("path:key",))]
        yield Scenario(f"{what} is no key", tuple(calls))
    for what, key in {"a\nb": "a line break", "a/": "a slash at its end", "..": "dots", "": "nothing"}.items():
        yield single(f"{key} is no key in a body", post("/kv", {"key": what, "value": 1}, 400, faults=("/key",)))


def _values() -> Iterator[Scenario]:
    for text in VALUES:
        steps = (
            put("/kv/<k>", status=201, body=f'{{"value":{text}}}'),
            get("/kv/<k>", text=f'{{"key":"[^"]+","value":{re.escape(text)},"version":[0-9]+,.*'),
            get("/kv?prefix=<k>", text=rf"\[.*{re.escape(text)}.*\]"),
        )
        yield Scenario(f"a value as it was sent: {text[:40]}", steps, ONE, values={"<k>": text})
    for what, text in NOT_JSON.items():
        yield single(f"{what} is no value", put("/kv/<k>", status=400, body=f'{{"value":{text}}}', faults=("",)))
    for call in ("PUT /kv/<k>", "POST /kv"):
        key = {"key": "<k>"} if call.startswith("POST") else {}
        for wrong in (0, -1, 1.5, 1.0, "60", True, 3_153_600_001, 2**63, []):
            step = Step(call=call, json={**key, "value": 1, "ttl": wrong}, status=400, faults=("/ttl",))
            yield single(f"{call[:4]}: no ttl is {wrong!r}", step)
        for body, pointer in (({}, "/value"), ({"value": 1, "expires_at": None}, "/expires_at")):
            step = Step(call=call, json={**key, **body}, status=400, faults=(pointer,))
            yield single(f"{call[:4]}: what is wrong is {pointer}", step)
        step = Step(call=call, json={**key, "value": 1}, headers={"Content-Type": "text/plain"}, status=415)
        yield single(f"{call[:4]}: a value as text", step)


SIZES = (
    Scenario(
        "a value of one MiB is stored, and not a byte more",
        (
            put("/kv/<k>", status=201, body=f'{{"value":"{"x" * (MIB - 2)}"}}'),
            put("/kv/<k>", status=413, body=f'{{"value":"{"x" * (MIB - 1)}"}}'),
            patch({"a": "x" * MIB}, 413),
            get("/kv/<k>", text=f'.*"x{{{MIB - 2}}}".*'),
        ),
        ONE,
    ),
    single("a body has its bound too", put("/kv/<k>", status=413, body=f'{{"value":1{" " * (MIB + 64 * 1024)}}}')),
)


def _patches() -> Iterator[Scenario]:
    for number, (before, change, after) in enumerate(PATCHES):
        change_it = Step(call="PATCH /kv/<k>", body=change, headers=MERGE if number % 2 else {}, keep={"v": "/version"})
        steps = (put("/kv/<k>", status=201, body=f'{{"value":{before}}}'), change_it, get("/kv/<k>?version=<v>"))
        rows = Rows(entries=1, revisions=1)
        yield Scenario(f"merge patch {number + 1}: {change}", steps, rows, values={"<k>": after})
    for what, headers in {
        "none": {"Content-Type": None},
        "a JSON patch": {"Content-Type": "application/json-patch+json"},
    }.items():
        yield single(f"a patch of {what} as its type", patch({}, 415, headers=headers))


SCENARIOS = (*_keys(), *_values(), *SIZES, *_patches())
