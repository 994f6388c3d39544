-- name: post
-- dialect: postgres
SELECT codes, replays, created, sequences, balances
  FROM ledger_post(
           :accounts, :first_leg, :last_leg, :keyed, :keys, :fingerprints, :outcomes,
           :choosing, :chosen_transaction, :chosen_transfer,
           :leg_id, :leg_account, :leg_amount, :leg_transfer, :reversing, :leg_reverses)

-- name: accounts_held
-- dialect: sqlite
SELECT account_id, balance, min_balance, sequence, version, updated_at
  FROM ledger_account
 WHERE account_id IN carray(:accounts)

-- name: chosen_transactions
-- dialect: sqlite
SELECT transaction_id, account_id, amount, transfer_id IS NULL AND reverses IS NULL
  FROM ledger_transaction
 WHERE transaction_id IN carray(:transactions)

-- name: chosen_transfers
-- dialect: sqlite
SELECT a.transfer_id, a.account_id, b.account_id, b.amount, a.reverses IS NULL
  FROM ledger_transaction a
  JOIN ledger_transaction b ON b.transfer_id = a.transfer_id AND b.amount > 0
 WHERE a.transfer_id IN carray(:transfers) AND a.amount < 0

-- name: already_reversed
-- dialect: sqlite
SELECT reverses FROM ledger_transaction WHERE reverses IN carray(:transactions)

-- name: insert_account
-- dialect: sqlite
INSERT INTO ledger_account (account_id, balance, min_balance, sequence, version, updated_at)
VALUES (:account_id, :balance, NULL, :sequence, :version, :updated_at)

-- name: update_account
-- dialect: sqlite
UPDATE ledger_account
   SET balance = :balance, sequence = :sequence, version = :version, updated_at = :updated_at
 WHERE account_id = :account_id

-- name: insert_transaction
-- dialect: sqlite
INSERT INTO ledger_transaction
       (transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses)
VALUES (:transaction_id, :account_id, :amount, :created_at, :sequence, :balance, :transfer_id, :reverses)

-- name: transactions_by_id
-- dialect: sqlite
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction
 WHERE transaction_id IN carray(:ids)

-- name: transactions_by_id
-- dialect: postgres
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction
 WHERE transaction_id = ANY (:ids)

-- name: accounts_by_id
-- dialect: sqlite
SELECT account_id, balance, min_balance, version, updated_at FROM ledger_account WHERE account_id IN carray(:ids)

-- name: accounts_by_id
-- dialect: postgres
SELECT account_id, balance, min_balance, version, updated_at FROM ledger_account WHERE account_id = ANY (:ids)

-- name: transfer_legs
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction
 WHERE transfer_id = :transfer_id
 ORDER BY amount

-- name: list_transactions
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction
 WHERE (created_at, transaction_id) < (:created_at, :transaction_id)
 ORDER BY created_at DESC, transaction_id DESC
 LIMIT :limit

-- name: list_transactions_of_account
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction
 WHERE account_id = :account_id AND created_at < :created_at
 ORDER BY created_at DESC
 LIMIT :limit

-- name: first_accounts
SELECT account_id, balance, min_balance, version, updated_at
  FROM ledger_account
 ORDER BY account_id
 LIMIT :limit

-- name: next_accounts
SELECT account_id, balance, min_balance, version, updated_at
  FROM ledger_account
 WHERE account_id > :account_id
 ORDER BY account_id
 LIMIT :limit

-- name: count_transactions
-- An account's sequence counts its transactions; there are fewer accounts to add up than transactions to count.
SELECT CAST(coalesce(sum(sequence), 0) AS bigint) AS total FROM ledger_account

-- name: count_transactions_of_account
SELECT coalesce(max(sequence), 0) AS total FROM ledger_account WHERE account_id = :account_id

-- name: count_accounts
SELECT count(*) AS total FROM ledger_account

-- name: balance_at
SELECT balance
  FROM ledger_transaction
 WHERE account_id = :account_id AND created_at <= :at
 ORDER BY created_at DESC
 LIMIT 1

-- name: lock_account
-- dialect: sqlite
SELECT account_id, balance, min_balance, version, updated_at FROM ledger_account WHERE account_id = :account_id

-- name: lock_account
-- dialect: postgres
SELECT account_id, balance, min_balance, version, updated_at
  FROM ledger_account
 WHERE account_id = :account_id
   FOR UPDATE

-- name: set_floor
UPDATE ledger_account SET min_balance = :min_balance, version = version + 1 WHERE account_id = :account_id

-- name: books
-- dialect: sqlite
SELECT count(*) AS accounts, count(*) FILTER (WHERE balance < 0) AS overdrawn, total(balance) AS balance
  FROM ledger_account

-- name: books
-- dialect: postgres
SELECT count(*) AS accounts, count(*) FILTER (WHERE balance < 0) AS overdrawn,
       CAST(coalesce(sum(balance), 0) AS double precision) AS balance
  FROM ledger_account
