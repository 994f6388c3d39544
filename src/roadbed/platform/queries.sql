-- What the service knows of itself. `data/schema.py` says what the tables hold.

-- The same tick may be written again, where nobody knows whether it was the first time.
-- name: write
INSERT INTO statistic (
       at, process, node, pid, started_at, seconds, latency_sum, cpu, requests, refused, errors, latency_00,
       latency_01, latency_02, latency_03, latency_04, latency_05, latency_06, latency_07, latency_08, latency_09,
       latency_10, latency_11, latency_12, latency_13, latency_14, latency_15, cache_hits, cache_misses, flights,
       flight_items, shed, database_errors, skipped, processes, in_flight, queued, connections, subscribers, memory,
       disk_free, disk_size, database_bytes, cache_entries, cache_bytes)
VALUES (
       :at, :process, :node, :pid, :started_at, :seconds, :latency_sum, :cpu, :requests, :refused, :errors,
       :latency_00, :latency_01, :latency_02, :latency_03, :latency_04, :latency_05, :latency_06, :latency_07,
       :latency_08, :latency_09, :latency_10, :latency_11, :latency_12, :latency_13, :latency_14, :latency_15,
       :cache_hits, :cache_misses, :flights, :flight_items, :shed, :database_errors, :skipped, :processes, :in_flight,
       :queued, :connections, :subscribers, :memory, :disk_free, :disk_size, :database_bytes, :cache_entries,
       :cache_bytes)
    ON CONFLICT (at, process) DO NOTHING

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

-- One row per tick, which is all processes together, then one per span. Counts are added up; of states the mean over
-- the ticks is taken, of disks the worst.
-- name: series
-- dialect: sqlite
WITH tick AS (
SELECT at,
       max(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       sum(processes) AS processes, sum(in_flight) AS in_flight, sum(queued) AS queued, sum(connections) AS
       connections, sum(subscribers) AS subscribers, sum(memory) AS memory, sum(cache_entries) AS cache_entries,
       sum(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes
  FROM statistic
 WHERE at >= :since AND at < :until
 GROUP BY at
)
SELECT at - at % :width AS bucket,
       sum(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       avg(processes) AS processes, avg(in_flight) AS in_flight, avg(queued) AS queued, avg(connections) AS
       connections, avg(subscribers) AS subscribers, avg(memory) AS memory, avg(cache_entries) AS cache_entries,
       avg(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes, max(queued) AS queued_most
  FROM tick
 GROUP BY 1
 ORDER BY 1
 LIMIT :limit

-- name: series
-- dialect: postgres
WITH tick AS (
SELECT at,
       max(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       sum(processes) AS processes, sum(in_flight) AS in_flight, sum(queued) AS queued, sum(connections) AS
       connections, sum(subscribers) AS subscribers, sum(memory) AS memory, sum(cache_entries) AS cache_entries,
       sum(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes
  FROM statistic
 WHERE at >= :since AND at < :until
 GROUP BY at
)
SELECT date_bin(CAST(:width AS bigint) * interval '1 microsecond', at, to_timestamp(0)) AS bucket,
       sum(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       avg(processes) AS processes, avg(in_flight) AS in_flight, avg(queued) AS queued, avg(connections) AS
       connections, avg(subscribers) AS subscribers, avg(memory) AS memory, avg(cache_entries) AS cache_entries,
       avg(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes, max(queued) AS queued_most
  FROM tick
 GROUP BY 1
 ORDER BY 1
 LIMIT :limit

-- name: thin
-- dialect: sqlite
WITH tick AS (
SELECT at,
       max(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       sum(processes) AS processes, sum(in_flight) AS in_flight, sum(queued) AS queued, sum(connections) AS
       connections, sum(subscribers) AS subscribers, sum(memory) AS memory, sum(cache_entries) AS cache_entries,
       sum(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes
  FROM statistic
 WHERE at >= :since AND at < :until AND process <> :everyone
 GROUP BY at
)
INSERT INTO statistic (
       at, process, node, pid, started_at, seconds, latency_sum, cpu, requests, refused, errors, latency_00,
       latency_01, latency_02, latency_03, latency_04, latency_05, latency_06, latency_07, latency_08, latency_09,
       latency_10, latency_11, latency_12, latency_13, latency_14, latency_15, cache_hits, cache_misses, flights,
       flight_items, shed, database_errors, skipped, processes, in_flight, queued, connections, subscribers, memory,
       disk_free, disk_size, database_bytes, cache_entries, cache_bytes)
SELECT at - at % 60000000, :everyone, '', 0, at - at % 60000000,
       sum(seconds), sum(latency_sum), sum(cpu), sum(requests), sum(refused), sum(errors), sum(latency_00),
       sum(latency_01), sum(latency_02), sum(latency_03), sum(latency_04), sum(latency_05), sum(latency_06),
       sum(latency_07), sum(latency_08), sum(latency_09), sum(latency_10), sum(latency_11), sum(latency_12),
       sum(latency_13), sum(latency_14), sum(latency_15), sum(cache_hits), sum(cache_misses), sum(flights),
       sum(flight_items), sum(shed), sum(database_errors), sum(skipped), CAST(round(avg(processes)) AS bigint),
       CAST(round(avg(in_flight)) AS bigint), CAST(round(avg(queued)) AS bigint), CAST(round(avg(connections)) AS
       bigint), CAST(round(avg(subscribers)) AS bigint), CAST(round(avg(memory)) AS bigint), min(disk_free),
       max(disk_size), max(database_bytes), CAST(round(avg(cache_entries)) AS bigint), CAST(round(avg(cache_bytes)) AS
       bigint)
  FROM tick
 WHERE true
 GROUP BY 1
    ON CONFLICT (at, process) DO NOTHING

-- name: thin
-- dialect: postgres
WITH tick AS (
SELECT at,
       max(seconds) AS seconds, sum(latency_sum) AS latency_sum, sum(cpu) AS cpu, sum(requests) AS requests,
       sum(refused) AS refused, sum(errors) AS errors, sum(latency_00) AS latency_00, sum(latency_01) AS latency_01,
       sum(latency_02) AS latency_02, sum(latency_03) AS latency_03, sum(latency_04) AS latency_04, sum(latency_05) AS
       latency_05, sum(latency_06) AS latency_06, sum(latency_07) AS latency_07, sum(latency_08) AS latency_08,
       sum(latency_09) AS latency_09, sum(latency_10) AS latency_10, sum(latency_11) AS latency_11, sum(latency_12) AS
       latency_12, sum(latency_13) AS latency_13, sum(latency_14) AS latency_14, sum(latency_15) AS latency_15,
       sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses, sum(flights) AS flights, sum(flight_items) AS
       flight_items, sum(shed) AS shed, sum(database_errors) AS database_errors, sum(skipped) AS skipped,
       sum(processes) AS processes, sum(in_flight) AS in_flight, sum(queued) AS queued, sum(connections) AS
       connections, sum(subscribers) AS subscribers, sum(memory) AS memory, sum(cache_entries) AS cache_entries,
       sum(cache_bytes) AS cache_bytes, min(disk_free) AS disk_free, max(disk_size) AS disk_size, max(database_bytes)
       AS database_bytes
  FROM statistic
 WHERE at >= :since AND at < :until AND process <> :everyone
 GROUP BY at
)
INSERT INTO statistic (
       at, process, node, pid, started_at, seconds, latency_sum, cpu, requests, refused, errors, latency_00,
       latency_01, latency_02, latency_03, latency_04, latency_05, latency_06, latency_07, latency_08, latency_09,
       latency_10, latency_11, latency_12, latency_13, latency_14, latency_15, cache_hits, cache_misses, flights,
       flight_items, shed, database_errors, skipped, processes, in_flight, queued, connections, subscribers, memory,
       disk_free, disk_size, database_bytes, cache_entries, cache_bytes)
SELECT date_trunc('minute', at), :everyone, '', 0, date_trunc('minute', at),
       sum(seconds), sum(latency_sum), sum(cpu), sum(requests), sum(refused), sum(errors), sum(latency_00),
       sum(latency_01), sum(latency_02), sum(latency_03), sum(latency_04), sum(latency_05), sum(latency_06),
       sum(latency_07), sum(latency_08), sum(latency_09), sum(latency_10), sum(latency_11), sum(latency_12),
       sum(latency_13), sum(latency_14), sum(latency_15), sum(cache_hits), sum(cache_misses), sum(flights),
       sum(flight_items), sum(shed), sum(database_errors), sum(skipped), CAST(round(avg(processes)) AS bigint),
       CAST(round(avg(in_flight)) AS bigint), CAST(round(avg(queued)) AS bigint), CAST(round(avg(connections)) AS
       bigint), CAST(round(avg(subscribers)) AS bigint), CAST(round(avg(memory)) AS bigint), min(disk_free),
       max(disk_size), max(database_bytes), CAST(round(avg(cache_entries)) AS bigint), CAST(round(avg(cache_bytes)) AS
       bigint)
  FROM tick
 WHERE true
 GROUP BY 1
    ON CONFLICT (at, process) DO NOTHING

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
