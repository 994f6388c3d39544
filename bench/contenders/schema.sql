-- The tables of the contenders that bring no migrations of their own. No foreign key: one statement writes both rows,
-- and the check would cost it a twentieth.
CREATE TABLE accounts (
    account_id uuid PRIMARY KEY,
    balance bigint NOT NULL
);
CREATE TABLE transactions (
    transaction_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL,
    amount bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX transactions_newest ON transactions (created_at DESC, transaction_id DESC);
