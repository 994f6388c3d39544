-- What the service knows of itself. `data/schema.py` says what the tables hold; what names
-- every number of a row is written in `grouping.py`.

-- name: write_cache
INSERT INTO statistic_cache AS c (at, resource, hits, misses) VALUES (:at, :resource, :hits, :misses)
    ON CONFLICT (at, resource) DO UPDATE SET hits = c.hits + excluded.hits, misses = c.misses + excluded.misses

-- name: write_watch
INSERT INTO statistic_watch (process, feed, subscribers, at) VALUES (:process, :feed, :subscribers, :at)
    ON CONFLICT (process, feed) DO UPDATE SET subscribers = excluded.subscribers, at = excluded.at

-- name: write_error
INSERT INTO statistic_error (id, at, request_id, method, route, status, problem, title, error, node, pid)
VALUES (:id, :at, :request_id, :method, :route, :status, :problem, :title, :error, :node, :pid)
    ON CONFLICT (id) DO NOTHING

-- name: write_storage
INSERT INTO statistic_storage (name, row_count, kind, bytes, at) VALUES (:name, :row_count, :kind, :bytes, :at)
    ON CONFLICT (name) DO UPDATE
   SET row_count = excluded.row_count, kind = excluded.kind, bytes = excluded.bytes, at = excluded.at

-- name: drop_thinned
DELETE FROM statistic WHERE at >= :since AND at < :until AND process <> :everyone

-- name: oldest_tick
SELECT at FROM statistic WHERE at >= :since AND process <> :everyone ORDER BY at LIMIT 1

-- name: beyond
SELECT at FROM statistic WHERE at < :until ORDER BY at LIMIT 1 OFFSET :count

-- name: drop_old
DELETE FROM statistic WHERE at < :until

-- name: drop_old_cache
DELETE FROM statistic_cache WHERE at < :until

-- name: drop_old_watch
DELETE FROM statistic_watch WHERE at < :until

-- There are a thousand or so: no index is needed.
-- name: drop_aged_errors
DELETE FROM statistic_error WHERE at < :until

-- name: first_errors_to_keep
SELECT id, at FROM statistic_error ORDER BY id DESC LIMIT 1 OFFSET :count

-- name: drop_old_errors
DELETE FROM statistic_error WHERE id < :id

-- name: drop_old_storage
DELETE FROM statistic_storage WHERE at < :until

-- name: workers
SELECT s.process, s.node, s.pid, s.started_at, s.at, s.seconds, s.requests, s.errors, s.in_flight, s.connections,
       s.subscribers, s.queued, s.cpu, s.memory, s.cache_entries, s.cache_bytes
  FROM statistic AS s
  JOIN (SELECT process, max(at) AS at FROM statistic WHERE at >= :since AND process <> :everyone GROUP BY process) AS l
    ON l.process = s.process AND l.at = s.at
 ORDER BY s.node, s.pid
 LIMIT 1000

-- name: cache
SELECT resource, sum(hits) AS hits, sum(misses) AS misses
  FROM statistic_cache
 WHERE at >= :since
 GROUP BY resource
 ORDER BY resource
 LIMIT 1000

-- name: watch
SELECT feed, sum(subscribers) AS subscribers
  FROM statistic_watch WHERE at >= :since AND process <> :process GROUP BY feed LIMIT 10000

-- name: errors
SELECT id, at, request_id, method, route, status, problem, title, error, node, pid
  FROM statistic_error
 WHERE id < :before
 ORDER BY id DESC
 LIMIT :limit

-- name: count_errors
SELECT count(*) AS total FROM statistic_error

-- name: storage
SELECT name, row_count, kind, bytes, at FROM statistic_storage ORDER BY name LIMIT 1000

-- name: due
SELECT until FROM statistic_duty WHERE name = :name

-- Whoever gets the row does it, until then alone.
-- name: claim
INSERT INTO statistic_duty AS d (name, until) VALUES (:name, :until)
    ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE d.until <= :now
RETURNING until

-- name: feeds
SELECT name, number FROM feed WHERE name <> '' ORDER BY name LIMIT 10000

-- name: tables
-- dialect: sqlite
SELECT name, wr AS bare, 0 AS estimate, CAST(NULL AS INTEGER) AS bytes
  FROM pragma_table_list
 WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
 ORDER BY name LIMIT 500

-- name: tables
-- dialect: postgres
SELECT c.relname::text AS name, 0 AS bare, c.reltuples::bigint AS estimate, pg_total_relation_size(c.oid) AS bytes
  FROM pg_class AS c
 WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
 ORDER BY 1 LIMIT 500

-- name: database_size
-- dialect: sqlite
SELECT page_count * page_size AS bytes, freelist_count * page_size AS free
  FROM pragma_page_count, pragma_page_size, pragma_freelist_count

-- name: database_size
-- dialect: postgres
SELECT pg_database_size(current_database()) AS bytes, CAST(NULL AS bigint) AS free

-- What was found by the last looks at figures of domains, and until when each is not due.
-- name: figures
SELECT name, samples, at, until FROM statistic_figure ORDER BY name LIMIT 10000

-- Whoever gets the row looks, until then alone.
-- name: claim_figure
INSERT INTO statistic_figure AS f (name, samples, at, until) VALUES (:name, '[]', :never, :until)
    ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE f.until <= :now
RETURNING until

-- name: write_figure
UPDATE statistic_figure SET samples = :samples, at = :at, until = :until WHERE name = :name

-- name: put_off_figure
UPDATE statistic_figure SET until = :until WHERE name = :name
