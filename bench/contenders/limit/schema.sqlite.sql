CREATE TABLE accounts (
    account_id BLOB PRIMARY KEY,
    balance INTEGER NOT NULL,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE transactions (
    transaction_id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL,
    amount INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    UNIQUE (account_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX transactions_newest ON transactions (created_at, transaction_id);
