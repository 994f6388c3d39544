"""What schemathesis cannot know of the service: which of the requests that it takes for valid are none.

No check is switched off. Requests that are meant to be valid are made so, each for a reason that no schema can state;
those that are meant to be wrong stay as they are.
"""

import hashlib
import json
import re
from typing import Any

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

_TAGS = re.compile(r'\*|(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*')
_A_TEMPLATE = "01930000-0000-7000-8000-000000000001"
_NOWHERE = re.compile(r"There is no [\w ]+ with this \w+")
_ANOTHER_ACCOUNT = "00000000-0000-4000-8000-000000000000"


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Make what is meant to be valid so, and let nothing wait for the end of a stream that has none."""
    if case.query and "true" in str(case.query.get("watch")).lower():
        case.query.pop("watch")
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _mend_body(case.body)
        _mend_texts(case.query or {})
        _mend_headers(case)
        # A cursor is opaque: nobody can make one up. That those from a Link work is for tables/lists.py to show.
        (case.query or {}).pop("after", None)
        # Where to begin to watch: nothing is watched here.
        (case.query or {}).pop("since", None)
        if {"from", "to"} <= (case.query or {}).keys():
            # No schema can say that one comes before the other.
            case.query.pop("to")
        if _asks_for_both(case.query or {}):
            case.query.pop("version")
    return case


def _mend_body(body: Any) -> None:
    """Mend what is in a body, however deep."""
    if isinstance(body, list):
        for each in body:
            _mend_body(each)
    if not isinstance(body, dict):
        return
    _mend_texts(body)
    for name, value in body.items():
        # JSON Schema counts 5.0 among the integers. The contract does not: a float is 400.
        if isinstance(value, float) and value.is_integer():
            body[name] = int(value)
        _mend_body(value)
    if "operations" in body:
        # What a batch holds must be right as operations of their own, with paths and bodies that are theirs.
        body["operations"] = [{"method": "GET", "path": "/ping"} for _ in body["operations"]]
    if body.get("expires_at") is not None:
        # No schema can say that a time lies ahead.
        body["expires_at"] = "2999-12-31T23:59:59Z"
    if "template_id" in body:
        # Nor that a row is there.
        body["template_id"] = _A_TEMPLATE
    if _is_to_itself(body):
        body["to"] = _ANOTHER_ACCOUNT


def _mend_texts(values: dict[str, Any]) -> None:
    for name, value in values.items():
        # No database keeps a NUL in a text, and few schemas say so.
        if isinstance(value, str):
            values[name] = value.replace("\0", "0")
        elif isinstance(value, list):
            values[name] = [each.replace("\0", "0") if isinstance(each, str) else each for each in value]


def _mend_headers(case: schemathesis.Case) -> None:
    headers = case.headers or {}
    for name in ("If-Match", "If-None-Match"):
        # The coverage phase writes fields in letters and digits alone, whatever pattern the document has for them.
        if name in headers and _TAGS.fullmatch(str(headers[name])) is None:
            headers[name] = '"1"'
    if "Idempotency-Key" in headers:
        # It also writes the same key everywhere. A key belongs to one content.
        content = json.dumps([repr(case.body), *map(str, headers.items())])
        headers["Idempotency-Key"] = hashlib.sha256(content.encode()).hexdigest()


def _asks_for_both(query: Any) -> bool:
    """Say whether a history is asked for, and one version of it: no schema can say that these exclude each other."""
    return query.get("history") in (True, "true") and "version" in query


def _takes_rows(case: schemathesis.Case) -> bool:
    """Say whether an operation reads rows out of a file, each for itself."""
    return case.operation.label == "POST /measurements" or case.operation.path.endswith("/import")


def _is_to_itself(body: Any) -> bool:
    """Say whether a transfer leads to where it comes from: no schema can say that two members differ."""
    return isinstance(body, dict) and "to" in body and body["to"] == body.get("from")


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Any, case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    """Keep every failure but those that no schema can rule out. Examples do not pass ``map_case``: all examples of an
    id, or of a time, are the same."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        errors = response.json()["errors"]
        faults = [fault["pointer"] for fault in errors]
        leads_nowhere = all(_NOWHERE.fullmatch(fault["detail"]) for fault in errors)
        both_ends = {"from", "to"} <= (case.query or {}).keys()
        # A text that is CSV by its media type, and no table, or one of other columns.
        no_table = _takes_rows(case) and case.media_type != "application/json"
        return not (
            (faults == ["/to"] and _is_to_itself(case.body))
            or (faults == ["query:from"] and both_ends)
            # Nor can it say that there is a row to refer to.
            or faults == ["/template_id"]
            or (no_table and (faults == [""] or case.operation.path.endswith("/import")))
            or leads_nowhere
        )
    if isinstance(failure, AcceptedNegativeData) and response.status_code == 200:
        # A row that is wrong stops no other: it is left out, and told of.
        return not (_takes_rows(case) and isinstance(case.body, list) and response.json()["rejected"] > 0)
    return True
