-- The least that the work takes: rows with their account's sequence number and the balance after them.

-- name: accounts
-- dialect: sqlite
SELECT account_id, balance, sequence FROM accounts WHERE account_id IN carray(:ids)

-- name: keep_balance
-- dialect: sqlite
INSERT INTO accounts (account_id, balance, sequence) VALUES (:account_id, :balance, :sequence)
    ON CONFLICT (account_id) DO UPDATE SET balance = excluded.balance, sequence = excluded.sequence

-- name: add
-- dialect: sqlite
INSERT INTO transactions (transaction_id, account_id, amount, created_at, sequence, balance)
VALUES (:transaction_id, :account_id, :amount, :created_at, :sequence, :balance)

-- name: create
-- dialect: postgres
WITH item AS (
         SELECT u.transaction_id, u.account_id, u.amount,
                count(*) OVER earlier AS nth, (sum(u.amount) OVER earlier)::bigint AS running
           FROM unnest(:transaction_ids::uuid[], :account_ids::uuid[], :amounts::bigint[])
                WITH ORDINALITY u (transaction_id, account_id, amount, place)
         WINDOW earlier AS (PARTITION BY u.account_id ORDER BY u.place ROWS UNBOUNDED PRECEDING)
     ),
     total AS (
         SELECT account_id, count(*) AS entries, sum(amount)::bigint AS amount FROM item GROUP BY account_id
     ),
     account AS (
         -- In key order, so that two processes never wait for each other in a circle.
         INSERT INTO accounts AS a (account_id, balance, sequence)
         SELECT account_id, amount, entries FROM total ORDER BY account_id
             ON CONFLICT (account_id) DO UPDATE
            SET balance = a.balance + excluded.balance, sequence = a.sequence + excluded.sequence
         RETURNING account_id, balance, sequence
     )
INSERT INTO transactions (transaction_id, account_id, amount, created_at, sequence, balance)
SELECT item.transaction_id, item.account_id, item.amount, now(),
       account.sequence - total.entries + item.nth, account.balance - total.amount + item.running
  FROM item JOIN total USING (account_id) JOIN account USING (account_id)
RETURNING transaction_id, account_id, amount, created_at, sequence, balance

-- name: by_id
-- dialect: sqlite
SELECT transaction_id, account_id, amount, created_at, sequence, balance
  FROM transactions WHERE transaction_id IN carray(:ids)

-- name: by_id
-- dialect: postgres
SELECT transaction_id, account_id, amount, created_at, sequence, balance
  FROM transactions WHERE transaction_id = ANY (:ids)

-- name: newest
SELECT transaction_id, account_id, amount, created_at, sequence, balance
  FROM transactions
 ORDER BY created_at DESC, transaction_id DESC
 LIMIT :limit
