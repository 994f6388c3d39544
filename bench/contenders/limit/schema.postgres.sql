CREATE TABLE accounts (
    account_id uuid PRIMARY KEY,
    balance bigint NOT NULL,
    sequence bigint NOT NULL
);
CREATE TABLE transactions (
    transaction_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    amount bigint NOT NULL,
    created_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    balance bigint NOT NULL,
    UNIQUE (account_id, sequence)
);
CREATE INDEX transactions_newest ON transactions (created_at, transaction_id);
