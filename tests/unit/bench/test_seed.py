"""Every run starts from the same accounts and bodies."""

from pathlib import Path
from uuid import UUID

import msgspec

from bench.harness import seed


def test_accounts_are_the_same_in_every_run() -> None:
    assert seed.accounts() == seed.accounts()


def test_accounts_are_distinct_uuids() -> None:
    accounts = seed.accounts()

    assert len({UUID(account) for account in accounts}) == len(accounts) == 10_000


def test_a_body_is_what_the_contract_asks_for() -> None:
    assert msgspec.json.decode(seed.body("a", 7)) == {"account_id": "a", "amount": 8}


def test_amounts_are_signed_and_never_nothing() -> None:
    amounts = [msgspec.json.decode(seed.body("a", number))["amount"] for number in range(2000)]

    assert 0 not in amounts
    assert min(amounts) < 0 < max(amounts)


def test_bodies_go_round_the_accounts() -> None:
    found = [msgspec.json.decode(body)["account_id"] for body in seed.bodies(["a", "b"], 5)]

    assert found == ["a", "b", "a", "b", "a"]


def test_files_hold_a_line_each(tmp_path: Path) -> None:
    assert seed.write_lines(tmp_path / "ids.txt", ["1", "2"]).read_text() == "1\n2\n"
