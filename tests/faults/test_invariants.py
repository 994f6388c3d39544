"""The checks can fail: each finds the damage that it is for, and nothing on a sound ledger."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from tests.faults import rows, sample
from tests.faults.invariants import INVARIANTS, broken
from tests.faults.journal import Journal
from tests.faults.wire import Reply
from tests.faults.writes import Write

A = "(SELECT account_id FROM ledger_account ORDER BY account_id LIMIT 1 OFFSET {})".format
LAST_OF_A = "account_id = " + A(0) + " AND sequence = 5"
REVERSE = "UPDATE ledger_transaction SET reverses = ({}) WHERE amount = {}"
DAMAGE = {
    "an account's balance is the sum of its transactions": [
        f"UPDATE ledger_account SET balance = balance + 1 WHERE account_id = {A(0)}",
        f"UPDATE ledger_account SET balance = balance - 1 WHERE account_id = {A(1)}",
    ],
    "all balances together are the sum of all transactions": ["UPDATE ledger_account SET balance = balance + 1"],
    "an account's sequence is the number of its transactions": ["UPDATE ledger_account SET sequence = sequence + 1"],
    "every transaction has its account": [f"DELETE FROM ledger_account WHERE account_id = {A(2)}"],
    "sequences have neither gaps nor doubles": [f"UPDATE ledger_transaction SET sequence = 6 WHERE {LAST_OF_A}"],
    "the balance after each transaction is the sum up to it": [
        f"UPDATE ledger_transaction SET balance = balance + 1 WHERE account_id = {A(0)} AND sequence = 2"
    ],
    "created_at rises with the sequence": [
        "UPDATE ledger_transaction SET sequence = 100 - sequence WHERE amount > 0",
    ],
    "an account is as old as its last transaction": [
        "UPDATE ledger_account SET updated_at = (SELECT min(created_at) FROM ledger_transaction)"
    ],
    "a transfer has two legs that sum to zero": ["DELETE FROM ledger_transaction WHERE amount = 30 AND sequence = 2"],
    "a transaction is reversed once": [
        REVERSE.format("SELECT reverses FROM ledger_transaction WHERE amount = -50", 70)
    ],
    "a reversal undoes what it names": [
        REVERSE.format("SELECT transaction_id FROM ledger_transaction WHERE amount = 100", -50)
    ],
    "both legs of a transfer are reversed, or neither": [
        "UPDATE ledger_transaction SET reverses = NULL WHERE amount = 30 AND reverses IS NOT NULL"
    ],
    "no balance is below its floor": ["UPDATE ledger_account SET min_balance = balance + 1"],
    "a key's outcome is not there": ["DELETE FROM ledger_transaction WHERE amount = 100"],
}


async def test_a_sound_ledger_has_no_findings(engine_url: str) -> None:
    assert await broken(engine_url) == []
    await sample.fill(engine_url)
    assert await broken(engine_url) == []
    assert sorted(await rows.entries(engine_url), key=lambda row: row.transaction_id) == sample.entries()


@pytest.mark.parametrize("name", DAMAGE)
async def test_each_damage_is_found(engine_url: str, name: str) -> None:
    await sample.fill(engine_url)
    await sample.unlock(engine_url)
    unchecked = ["PRAGMA ignore_check_constraints = ON"] if rows.is_sqlite(engine_url) else []
    await rows.change(engine_url, *unchecked, *DAMAGE[name])
    found = await broken(engine_url)
    assert [finding for finding in found if finding.startswith(name)] != []


def test_there_is_a_damage_for_each_invariant() -> None:
    assert {*INVARIANTS, "a key's outcome is not there"} == set(DAMAGE)


async def test_a_corrupt_file_is_found(sqlite_url: str) -> None:
    await sample.fill(sqlite_url)
    await rows.change(
        sqlite_url,
        "PRAGMA writable_schema = ON",
        "DELETE FROM sqlite_schema WHERE name = 'ix_ledger_transaction_transfer_id'",
    )
    assert [finding.partition(":")[0] for finding in await broken(sqlite_url)] == ["PRAGMA integrity_check"]


WRITE = Write("/transactions", {}, ((UUID(int=1), 5),))
PLAIN = Write("/transactions", {}, ((UUID(int=1), 7),))
PAIR = Write("/transfers", {}, ((UUID(int=1), -9), (UUID(int=2), 9)))
TOLD = replace(sample.entries()[0], amount=5)
BODY = (
    f'{{"transaction_id": "{TOLD.transaction_id}", "account_id": "{TOLD.account_id}", "amount": 5, "created_at":'
    f' "2023-11-14T22:13:20.000001Z", "sequence": {TOLD.sequence}, "balance": {TOLD.balance},'
    ' "transfer_id": null, "reverses": null}'
).encode()


@pytest.fixture
def journal() -> Journal:
    """A run with one acknowledged write, a lone one of unknown outcome, and a lost transfer."""
    journal = Journal()
    journal.note_reply(WRITE, Reply(201, {}, BODY))
    journal.note_lost(PLAIN)
    journal.note_lost(PAIR)
    assert journal.findings == []
    return journal


def test_what_was_told_is_stored(journal: Journal) -> None:
    seven = replace(TOLD, transaction_id=uuid4(), amount=7)
    taken, given = (replace(TOLD, transaction_id=uuid4(), account_id=leg[0], amount=leg[1]) for leg in PAIR.legs)
    assert journal.differences([TOLD]) == []
    assert journal.differences([TOLD, seven]) == []
    assert journal.differences([TOLD, seven, taken, given]) == []


@pytest.mark.parametrize(
    ("stored", "finding"),
    [
        ([], "lost"),
        ([replace(TOLD, balance=6)], "changed"),
        ([replace(TOLD, created_at=TOLD.created_at + 1)], "changed"),
        ([TOLD, TOLD], "1 ids are stored twice"),
        ([TOLD, replace(TOLD, transaction_id=uuid4())], "written though nobody was told so"),
        ([TOLD, *(replace(TOLD, transaction_id=uuid4(), amount=7) for _ in range(2))], "written though"),
        ([TOLD, replace(TOLD, transaction_id=uuid4(), amount=-9)], "half written"),
    ],
)
def test_each_difference_is_found(journal: Journal, stored: list[sample.Entry], finding: str) -> None:
    assert [difference.startswith(finding) for difference in journal.differences(stored)] == [True]


PROBLEM = {"content-type": "application/problem+json", "retry-after": "1"}
SLUG = b'{"type": "urn:roadbed:problem:%s"}'


@pytest.mark.parametrize(
    ("reply", "finding"),
    [
        (Reply(503, {"content-type": "text/plain", "retry-after": "1"}, b"no"), "is no problem document"),
        (Reply(503, {"content-type": "application/problem+json"}, SLUG % b"unavailable"), "Retry-After ''"),
        (Reply(500, PROBLEM, SLUG % b"internal"), "500"),
        (Reply(409, PROBLEM, SLUG % b"id-taken"), "409"),
        (Reply(409, PROBLEM, SLUG % b"balance-floor"), "for what was acknowledged before"),
        (Reply(201, {}, BODY.replace(b'"amount": 5', b'"amount": 6')), "asked for"),
        (Reply(200, {}, BODY.replace(b'"sequence": 1', b'"sequence": 2')), "first"),
    ],
)
def test_each_wrong_reply_is_found(journal: Journal, reply: Reply, finding: str) -> None:
    journal.note_reply(WRITE, reply)
    assert any(finding in found for found in journal.findings)


def test_refusals_and_unknown_outcomes_are_no_findings(journal: Journal) -> None:
    journal.note_reply(PLAIN, Reply(503, PROBLEM, SLUG % b"outcome-unknown"))
    assert (journal.unknown[PLAIN], journal.findings) == ("outcome-unknown", [])
    journal.note_reply(PLAIN, Reply(507, PROBLEM, SLUG % b"storage-full"))
    assert (PLAIN in journal.unknown, journal.refused["storage-full"], journal.findings) == (False, 1, [])


@pytest.mark.parametrize("status", [404, 200])
def test_a_read_that_misses_or_differs_is_found(journal: Journal, status: int) -> None:
    journal.note_read(TOLD, Reply(200, {}, BODY))
    assert journal.findings == []
    journal.note_read(TOLD, Reply(status, {}, BODY.replace(b'"balance": 100', b'"balance": 101')))
    assert len(journal.findings) == 1
