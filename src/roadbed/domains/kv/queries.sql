-- name: write
-- dialect: postgres
SELECT codes, existed, replays, versions, expiries, instant
  FROM kv_write(:keys, :names, :kinds, :values, :ttls, :conditional, :if_match, :if_none_match,
                :keyed, :idempotency, :fingerprints)

-- name: entries_held
-- dialect: sqlite
SELECT key, version, expires_at FROM kv_entry WHERE key IN carray(:keys)

-- name: keep
INSERT INTO kv_history (key, version, value, updated_at, expires_at)
SELECT key, version, value, updated_at, expires_at FROM kv_entry WHERE key = :key

-- name: store
-- dialect: sqlite
INSERT INTO kv_entry (key, value, version, updated_at, expires_at)
VALUES (:key, :value, :version, :updated_at, :expires_at)
    ON CONFLICT (key) DO UPDATE
   SET value = excluded.value, version = excluded.version, updated_at = excluded.updated_at,
       expires_at = excluded.expires_at

-- name: remove
-- dialect: sqlite
DELETE FROM kv_entry WHERE key = :key

-- name: bury
-- dialect: sqlite
INSERT INTO kv_history (key, version, value, updated_at, expires_at) VALUES (:key, :version, NULL, :updated_at, NULL)

-- name: entries_by_key
-- dialect: sqlite
-- A flight carries no value above :large bytes: such a one is fetched by itself.
SELECT key, CASE WHEN octet_length(value) <= :large THEN value END AS value, version, updated_at, expires_at
  FROM kv_entry
 WHERE key IN carray(:keys) AND (expires_at IS NULL OR expires_at > :now)

-- name: entries_by_key
-- dialect: postgres
SELECT key, CASE WHEN octet_length(value) <= :large THEN value END AS value, version, updated_at, expires_at
  FROM kv_entry
 WHERE key = ANY (:keys) AND (expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP)

-- name: entry
SELECT key, value, version, updated_at, expires_at
  FROM kv_entry
 WHERE key = :key AND (expires_at IS NULL OR expires_at > coalesce(:now, CURRENT_TIMESTAMP))

-- name: entry_at
-- :now is NULL on PostgreSQL: there the server's clock counts, the one that all processes share.
SELECT key, value, version, updated_at, expires_at,
       coalesce(expires_at <= coalesce(:now, CURRENT_TIMESTAMP), false) AS gone
  FROM kv_entry
 WHERE key = :key AND version = :version
 UNION ALL
SELECT key, value, version, updated_at, expires_at,
       coalesce(expires_at <= coalesce(:now, CURRENT_TIMESTAMP), false) AS gone
  FROM kv_history
 WHERE key = :key AND version = :version

-- name: list_entries
-- Values may be long: a page ends after :bytes of them, and at least one. They are looked up for what is kept alone.
WITH page AS (
    SELECT key, version, updated_at, expires_at, octet_length(value) AS size
      FROM kv_entry
     WHERE key >= :lower AND key < :upper AND (expires_at IS NULL OR expires_at > coalesce(:now, CURRENT_TIMESTAMP))
     ORDER BY key
     LIMIT :limit
), sized AS (
    SELECT key, version, updated_at, expires_at, size,
           sum(size) OVER (ORDER BY key) AS total, count(*) OVER () AS found
      FROM page
)
SELECT s.key, (SELECT e.value FROM kv_entry e WHERE e.key = s.key) AS value, s.version, s.updated_at, s.expires_at,
       s.found
  FROM sized s
 WHERE s.total - s.size < CAST(:bytes AS bigint)
 ORDER BY s.key

-- name: count_entries
SELECT count(*) AS total
  FROM kv_entry
 WHERE key >= :lower AND key < :upper AND (expires_at IS NULL OR expires_at > coalesce(:now, CURRENT_TIMESTAMP))

-- name: list_revisions
-- A value is left out where its time is over, and of a deletion there is none.
WITH page AS (
    SELECT version, updated_at, expires_at, value IS NULL AS deleted,
           CASE WHEN expires_at <= coalesce(:now, CURRENT_TIMESTAMP) THEN 0
                ELSE coalesce(octet_length(value), 0) END AS size
      FROM kv_entry
     WHERE key = :key AND version < :before
     UNION ALL
    SELECT version, updated_at, expires_at, value IS NULL AS deleted,
           CASE WHEN expires_at <= coalesce(:now, CURRENT_TIMESTAMP) THEN 0
                ELSE coalesce(octet_length(value), 0) END AS size
      FROM kv_history
     WHERE key = :key AND version < :before
     ORDER BY version DESC
     LIMIT :limit
), sized AS (
    SELECT version, updated_at, expires_at, deleted, size,
           sum(size) OVER (ORDER BY version DESC) AS total, count(*) OVER () AS found
      FROM page
)
SELECT s.version, s.updated_at, s.expires_at, s.deleted,
       CASE WHEN s.size > 0
            THEN coalesce((SELECT e.value FROM kv_entry e WHERE e.key = :key AND e.version = s.version),
                          (SELECT h.value FROM kv_history h WHERE h.key = :key AND h.version = s.version)) END AS value,
       s.found
  FROM sized s
 WHERE s.total - s.size < CAST(:bytes AS bigint)
 ORDER BY s.version DESC

-- name: count_revisions
SELECT (SELECT count(*) FROM kv_history WHERE key = :key) + (SELECT count(*) FROM kv_entry WHERE key = :key) AS total

-- name: live_entry
-- dialect: sqlite
SELECT key, value, version, updated_at, expires_at
  FROM kv_entry
 WHERE key = :key AND (expires_at IS NULL OR expires_at > :now)

-- name: live_entry
-- dialect: postgres
SELECT key, value, version, updated_at, expires_at
  FROM kv_entry
 WHERE key = :key AND (expires_at IS NULL OR expires_at > clock_timestamp())

-- name: replace_value
-- dialect: sqlite
UPDATE kv_entry SET value = :value, version = :version, updated_at = :now WHERE key = :key
RETURNING key, value, version, updated_at, expires_at

-- name: replace_value
-- dialect: postgres
UPDATE kv_entry SET value = :value, version = :version, updated_at = clock_timestamp() WHERE key = :key
RETURNING key, value, version, updated_at, expires_at
