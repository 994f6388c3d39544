-- name: find
SELECT fingerprint, outcome FROM idempotency WHERE key = :key AND expires_at > :now

-- name: store
INSERT INTO idempotency AS i (key, fingerprint, outcome, expires_at)
VALUES (:key, :fingerprint, :outcome, :expires_at)
    ON CONFLICT (key) DO UPDATE
   SET fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at
 WHERE i.expires_at <= :now

-- name: keys_used
-- dialect: sqlite
-- For flights of SQLite, where nobody else writes: many keys at once.
SELECT key, fingerprint, outcome FROM idempotency WHERE key IN carray(:keys) AND expires_at > :now

-- name: insert_key
-- dialect: sqlite
INSERT INTO idempotency (key, fingerprint, outcome, expires_at)
VALUES (:key, :fingerprint, :outcome, :expires_at)
    ON CONFLICT (key) DO UPDATE
   SET fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at

-- name: queue
-- dialect: postgres
SELECT pg_advisory_xact_lock(:number)

-- name: sweep
-- dialect: sqlite
DELETE FROM idempotency
 WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)

-- name: sweep
-- dialect: postgres
-- An array, so that the rows are chosen once; those that a request or another worker holds are left to the next round.
DELETE FROM idempotency
 WHERE key = ANY (ARRAY(
       SELECT key FROM idempotency WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED))
