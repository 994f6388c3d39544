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
CREATE TABLE kv (
    key text PRIMARY KEY,
    value json NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE kv_history (LIKE kv, PRIMARY KEY (key, version));
CREATE FUNCTION kv_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kv_history VALUES (OLD.*);
    RETURN NULL;
END $$;
CREATE TRIGGER kv_keep AFTER UPDATE ON kv FOR EACH ROW EXECUTE FUNCTION kv_keep();
CREATE INDEX transactions_newest ON transactions (created_at DESC, transaction_id DESC);
