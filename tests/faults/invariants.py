"""What is true of a ledger at every moment, asked in SQL of either engine: ``broken(url)`` is empty."""

from tests.faults.rows import is_sqlite, query

RUNNING = """
SELECT t.*,
       row_number() OVER (PARTITION BY account_id ORDER BY sequence) AS place,
       sum(amount) OVER (PARTITION BY account_id ORDER BY sequence) AS total,
       lag(created_at) OVER (PARTITION BY account_id ORDER BY sequence) AS before
  FROM ledger_transaction t
"""

INVARIANTS = {
    "an account's balance is the sum of its transactions": """
        SELECT a.account_id, a.balance, s.total
          FROM ledger_account a
          LEFT JOIN (SELECT account_id, sum(amount) AS total FROM ledger_transaction GROUP BY account_id) s
            ON s.account_id = a.account_id
         WHERE s.total IS NULL OR s.total <> a.balance
    """,
    "all balances together are the sum of all transactions": """
        SELECT a.total, t.total
          FROM (SELECT coalesce(sum(balance), 0) AS total FROM ledger_account) a,
               (SELECT coalesce(sum(amount), 0) AS total FROM ledger_transaction) t
         WHERE a.total <> t.total
    """,
    "an account's sequence is the number of its transactions": """
        SELECT a.account_id, a.sequence, s.number
          FROM ledger_account a
          LEFT JOIN (SELECT account_id, count(*) AS number FROM ledger_transaction GROUP BY account_id) s
            ON s.account_id = a.account_id
         WHERE s.number IS NULL OR s.number <> a.sequence OR a.version < a.sequence
    """,
    "every transaction has its account": """
        SELECT t.transaction_id, t.account_id
          FROM ledger_transaction t
          LEFT JOIN ledger_account a ON a.account_id = t.account_id
         WHERE a.account_id IS NULL
    """,
    "sequences have neither gaps nor doubles": (
        f"SELECT account_id, sequence, place FROM ({RUNNING}) r WHERE sequence <> place"
    ),
    "the balance after each transaction is the sum up to it": (
        f"SELECT account_id, sequence, balance, total FROM ({RUNNING}) r WHERE balance <> total"
    ),
    "created_at rises with the sequence": (
        f"SELECT account_id, sequence, created_at, before FROM ({RUNNING}) r WHERE created_at <= before"
    ),
    "an account is as old as its last transaction": """
        SELECT a.account_id, a.updated_at, s.latest
          FROM ledger_account a
          JOIN (SELECT account_id, max(created_at) AS latest FROM ledger_transaction GROUP BY account_id) s
            ON s.account_id = a.account_id
         WHERE s.latest <> a.updated_at
    """,
    "a transfer has two legs that sum to zero": """
        SELECT transfer_id, count(*), sum(amount)
          FROM ledger_transaction
         WHERE transfer_id IS NOT NULL
         GROUP BY transfer_id
        HAVING count(*) <> 2 OR sum(amount) <> 0 OR count(DISTINCT account_id) <> 2
            OR count(DISTINCT created_at) <> 1
    """,
    "a transaction is reversed once": """
        SELECT reverses, count(*) FROM ledger_transaction WHERE reverses IS NOT NULL
         GROUP BY reverses HAVING count(*) > 1
    """,
    "a reversal undoes what it names": """
        SELECT r.transaction_id, r.reverses
          FROM ledger_transaction r
          LEFT JOIN ledger_transaction t ON t.transaction_id = r.reverses
         WHERE r.reverses IS NOT NULL
           AND (t.transaction_id IS NULL OR t.account_id <> r.account_id OR t.amount <> -r.amount
                OR (t.transfer_id IS NULL) <> (r.transfer_id IS NULL))
    """,
    "both legs of a transfer are reversed, or neither": """
        SELECT t.transfer_id, count(r.transaction_id)
          FROM ledger_transaction t
          LEFT JOIN ledger_transaction r ON r.reverses = t.transaction_id
         WHERE t.transfer_id IS NOT NULL
         GROUP BY t.transfer_id
        HAVING count(r.transaction_id) NOT IN (0, 2) OR count(DISTINCT r.transfer_id) > 1
    """,
    "no balance is below its floor": (
        "SELECT account_id, balance, min_balance FROM ledger_account WHERE balance < min_balance"
    ),
}

KEYS = "SELECT outcome FROM idempotency"
IDS = {
    True: "SELECT lower(hex(transaction_id)), lower(hex(transfer_id)) FROM ledger_transaction",
    False: "SELECT replace(transaction_id::text, '-', ''), replace(transfer_id::text, '-', '') FROM ledger_transaction",
}
DAMAGE = {"PRAGMA integrity_check": [("ok",)], "PRAGMA foreign_key_check": []}


async def broken(url: str) -> list[str]:
    """Return what is not as it must be; all of it is asked of one state of the data, while others may write."""
    damage = DAMAGE if is_sqlite(url) else {}
    answers = await query(url, *INVARIANTS.values(), *damage, KEYS, IDS[is_sqlite(url)])
    found = [f"{name}: {row}" for name, rows in zip(INVARIANTS, answers, strict=False) for row in rows[:5]]
    for statement, answer in zip(damage, answers[len(INVARIANTS) :], strict=False):
        if answer != damage[statement]:
            found.append(f"{statement}: {answer[:5]}")
    keys, ids = answers[-2:]
    return found + _dangling(keys, ids)


def _dangling(keys: list[tuple[str]], ids: list[tuple[str, str | None]]) -> list[str]:
    """Return the outcomes of idempotency keys that name what is not there: a key is stored with its write, or not."""
    known = {f"t:{one}" for one, _ in ids} | {f"x:{other}" for _, other in ids if other}
    named = [outcome.partition(" ")[2].replace("-", "") for (outcome,) in keys if not outcome.startswith("{")]
    return [
        f"a key's outcome is not there: {reference}"
        for reference in named
        for one in reference[2:].split(",")
        if f"{reference[:2]}{one}" not in known
    ]
