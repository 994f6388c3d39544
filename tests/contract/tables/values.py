"""Bodies that are JSON but not what the contract asks for: 400, each field named, no row."""

from collections.abc import Iterator

from tests.contract.scenarios import Rows, Scenario, Step, get, post, single
from tests.contract.tables.transactions import INT64_MAX, INT64_MIN

NOT_INTEGERS = {
    "null": "null",
    "true": "true",
    "false": "false",
    "a text": '"seven"',
    "a text of digits": '"7"',
    "an empty text": '""',
    "a fraction": "1.5",
    "a whole float": "1.0",
    "an exponent": "1e3",
    "a capital exponent": "1E3",
    "a negative exponent": "10e-1",
    "minus zero as a float": "-0.0",
    "a list": "[7]",
    "an empty list": "[]",
    "an object": '{"value": 7}',
    "an empty object": "{}",
    "one beyond int64": str(INT64_MAX + 1),
    "one below int64": str(INT64_MIN - 1),
    "2^64": str(2**64),
    "-2^64": str(-(2**64)),
    "2^63 + 0.0": f"{INT64_MAX}.0",
    "a hundred digits": "9" * 100,
    "1e400": "1e400",
    "-1e400": "-1e400",
}

NOT_UUIDS = {
    "null": "null",
    "a number": "7",
    "true": "true",
    "an empty text": '""',
    "a word": '"abc"',
    "no hyphens": '"0192f0c11111711181110123456789ab"',
    "braces": '"{0192f0c1-1111-7111-8111-0123456789ab}"',
    "a urn": '"urn:uuid:0192f0c1-1111-7111-8111-0123456789ab"',
    "one digit less": '"0192f0c1-1111-7111-8111-0123456789a"',
    "one digit more": '"0192f0c1-1111-7111-8111-0123456789abc"',
    "no hexadecimal digit": '"0192f0c1-1111-7111-8111-0123456789ag"',
    "hyphens elsewhere": '"0192f0c11-111-7111-8111-0123456789ab"',
    "underscores for hyphens": '"0192f0c1_1111_7111_8111_0123456789ab"',
    "a blank before": '" 0192f0c1-1111-7111-8111-0123456789a"',
    "a line break behind": '"0192f0c1-1111-7111-8111-0123456789ab\\n"',
    "a NUL": '"0192f0c1-1111-7111-8111-0123456789a\\u0000"',
    "digits of another script": '"0192f0c1-1111-7111-8111-0123456789a\\uff11"',
    "a list": '["0192f0c1-1111-7111-8111-0123456789ab"]',
    "an object": '{"id": "0192f0c1-1111-7111-8111-0123456789ab"}',
}


def refused(what: str, call: str, body: str, *pointers: str) -> Scenario:
    """Return the scenario of one body that is 400 and leaves no row."""
    return single(f"{call.removesuffix('/<a>')}: {what}", Step(call=call, body=body, status=400, faults=pointers))


def _wrong_members() -> Iterator[Scenario]:
    for what, value in NOT_INTEGERS.items():
        body = f'{{"account_id": "<a>", "amount": {value}}}'
        yield refused(f"amount is {what}", "POST /transactions", body, "/amount")
        body = f'{{"from": "<a>", "to": "<b>", "amount": {value}}}'
        yield refused(f"amount is {what}", "POST /transfers", body, "/amount")
    for what, value in NOT_UUIDS.items():
        body = f'{{"account_id": {value}, "amount": 1}}'
        yield refused(f"account_id is {what}", "POST /transactions", body, "/account_id")
        body = f'{{"account_id": "<a>", "amount": 1, "transaction_id": {value}}}'
        yield refused(f"transaction_id is {what}", "POST /transactions", body, "/transaction_id")
        body = f'{{"from": {value}, "to": "<b>", "amount": 1}}'
        yield refused(f"from is {what}", "POST /transfers", body, "/from")
        body = f'{{"from": "<a>", "to": {value}, "amount": 1}}'
        yield refused(f"to is {what}", "POST /transfers", body, "/to")
        body = f'{{"from": "<a>", "to": "<b>", "amount": 1, "transfer_id": {value}}}'
        yield refused(f"transfer_id is {what}", "POST /transfers", body, "/transfer_id")


def _not_positive() -> Iterator[Scenario]:
    for amount in (0, -1, INT64_MIN, "-0"):
        body = f'{{"from": "<a>", "to": "<b>", "amount": {amount}}}'
        yield refused(f"amount is {amount}", "POST /transfers", body, "/amount")


def _wrong_limits() -> Scenario:
    """All of them on one account: its version shows that none was taken."""
    wrong = [value for what, value in NOT_INTEGERS.items() if what != "null"]
    bodies = [(f'{{"min_balance": {value}}}', ("/min_balance",)) for value in wrong]
    bodies += [("{}", ("/min_balance",)), ('{"min_balance": 1, "max_balance": 2}', ("/max_balance",))]
    bodies += [('{"min_balance": 1, "min_balance": 2}', ("/min_balance",)), ("[]", ("",)), ("null", ("",))]
    steps = [Step(call="PUT /accounts/<a>/limits", body=body, status=400, faults=faults) for body, faults in bodies]
    first = post("/transactions", {"account_id": "<a>", "amount": 1})
    unchanged = get("/accounts/<a>", expect={"ETag": '"1"'})
    return Scenario("PUT limits: every wrong floor", (first, *steps, unchanged), Rows(transactions=1, accounts=1))


NEW = '{"account_id": "<a>", "amount": 1'
MOVE = '{"from": "<a>", "to": "<b>", "amount": 1'

MEMBERS = (
    refused("no member", "POST /transactions", "{}", "/account_id", "/amount"),
    refused("no amount", "POST /transactions", '{"account_id": "<a>"}', "/amount"),
    refused("no account_id", "POST /transactions", '{"amount": 1}', "/account_id"),
    refused("both wrong", "POST /transactions", '{"account_id": 1, "amount": "1"}', "/account_id", "/amount"),
    refused("both null", "POST /transactions", '{"account_id": null, "amount": null}', "/account_id", "/amount"),
    refused("an unknown member", "POST /transactions", NEW + ', "note": "x"}', "/note"),
    refused(
        "a member of the reply", "POST /transactions", NEW + ', "created_at": "2024-01-01T00:00:00Z"}', "/created_at"
    ),
    refused(
        "names are case-sensitive", "POST /transactions", '{"account_id": "<a>", "Amount": 1}', "/amount", "/Amount"
    ),
    refused("an empty name", "POST /transactions", NEW + ', "": 1}', "/"),
    refused("a name with a slash and a tilde", "POST /transactions", NEW + ', "a/b~c": 1}', "/a~1b~0c"),
    refused("amount twice", "POST /transactions", NEW + ', "amount": 2}', "/amount"),
    refused("the same amount twice", "POST /transactions", NEW + ', "amount": 1}', "/amount"),
    refused("account_id twice", "POST /transactions", NEW + ', "account_id": "<b>"}', "/account_id"),
    refused("amount twice, once escaped", "POST /transactions", NEW + ', "\\u0061mount": 2}', "/amount"),
    refused(
        "first wrong, then right", "POST /transactions", '{"account_id": "<a>", "amount": "1", "amount": 1}', "/amount"
    ),
    refused("a list of one", "POST /transactions", f"[{NEW}}}]", ""),
    refused("null", "POST /transactions", "null", ""),
    refused("a number", "POST /transactions", "7", ""),
    refused("a text", "POST /transactions", '"<a>"', ""),
    refused("no member", "POST /transfers", "{}", "/from", "/to", "/amount"),
    refused("no from", "POST /transfers", '{"to": "<b>", "amount": 1}', "/from"),
    refused("no to", "POST /transfers", '{"from": "<a>", "amount": 1}', "/to"),
    refused("no amount", "POST /transfers", '{"from": "<a>", "to": "<b>"}', "/amount"),
    refused("an unknown member", "POST /transfers", MOVE + ', "fee": 1}', "/fee"),
    refused(
        "inner names",
        "POST /transfers",
        '{"source": "<a>", "target": "<b>", "amount": 1}',
        "/from",
        "/to",
        "/source",
        "/target",
    ),
    refused("from twice", "POST /transfers", MOVE + ', "from": "<c>"}', "/from"),
    single(
        "POST /transactions: at most twenty faults are told",
        post(
            "/transactions",
            {f"f{number}": 0 for number in range(30)},
            400,
            faults=("/account_id", "/amount", *(f"/f{number}" for number in range(18))),
        ),
    ),
    single(
        "POST reversal: a body where none is read",
        post("/transactions/<a>/reversal", {"amount": 1}, 400, faults=("",)),
    ),
    single(
        "PUT limits: a wrong id and a wrong body are told together",
        Step(
            call="PUT /accounts/7/limits",
            json={"min_balance": "x"},
            status=400,
            faults=("path:account_id", "/min_balance"),
        ),
    ),
)

SCENARIOS = (*_wrong_members(), *_not_positive(), *MEMBERS, _wrong_limits())
