-- name: assets
SELECT asset_id, latitude, longitude, description
  FROM telemetry_asset
 WHERE asset_id >= :first
 ORDER BY asset_id
 LIMIT :limit

-- name: count_assets
SELECT count(*) AS total FROM telemetry_asset

-- name: asset
SELECT asset_id, latitude, longitude, description FROM telemetry_asset WHERE asset_id = :asset_id

-- name: put_asset
INSERT INTO telemetry_asset (asset_id, latitude, longitude, description)
VALUES (:asset_id, :latitude, :longitude, :description)
    ON CONFLICT (asset_id) DO UPDATE
   SET latitude = excluded.latitude, longitude = excluded.longitude, description = excluded.description

-- name: signals_of_assets
SELECT signal_gid, signal_id, signal_name, asset_id, unit
  FROM telemetry_signal
 WHERE asset_id BETWEEN :first AND :last
 ORDER BY asset_id, signal_id

-- name: signals
SELECT signal_gid, signal_id, signal_name, asset_id, unit
  FROM telemetry_signal
 WHERE signal_id >= :first
 ORDER BY signal_id
 LIMIT :limit

-- name: count_signals
SELECT count(*) AS total FROM telemetry_signal

-- name: signals_by_id
-- dialect: sqlite
SELECT signal_gid, signal_id, signal_name, asset_id, unit FROM telemetry_signal WHERE signal_id IN carray(:ids)

-- name: signals_by_id
-- dialect: postgres
SELECT signal_gid, signal_id, signal_name, asset_id, unit FROM telemetry_signal WHERE signal_id = ANY (:ids)

-- name: signal
SELECT signal_gid, signal_id, signal_name, asset_id, unit FROM telemetry_signal WHERE signal_id = :signal_id

-- name: put_signal
INSERT INTO telemetry_signal (signal_id, signal_gid, signal_name, asset_id, unit)
VALUES (:signal_id, :signal_gid, :signal_name, :asset_id, :unit)
    ON CONFLICT (signal_id) DO UPDATE
   SET signal_gid = excluded.signal_gid, signal_name = excluded.signal_name, asset_id = excluded.asset_id,
       unit = excluded.unit

-- name: measurements
SELECT signal_id, at AS timestamp, value, CAST(:unit AS text) AS unit
  FROM telemetry_measurement
 WHERE signal_id = :signal_id AND at >= :since AND at <= :until
 ORDER BY at
 LIMIT :limit

-- name: last_values
-- One look at the end of the key per signal.
SELECT s.signal_id, m.at AS timestamp, m.value, s.unit
  FROM telemetry_signal s
  JOIN telemetry_measurement m
    ON m.signal_id = s.signal_id
   AND m.at = (SELECT max(at) FROM telemetry_measurement l WHERE l.signal_id = s.signal_id)
 WHERE s.signal_id >= :first
 ORDER BY s.signal_id
 LIMIT :limit

-- name: last_value
SELECT signal_id, at AS timestamp, value, CAST(:unit AS text) AS unit
  FROM telemetry_measurement
 WHERE signal_id = :signal_id
 ORDER BY at DESC
 LIMIT 1

-- name: statistics
-- dialect: sqlite
-- Twice over the range: deviations are taken from a mean that is known, so neither the mean nor the spread of large
-- values that differ little drowns in rounding.
  WITH about AS (
           SELECT avg(value) AS mean
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
       ), exact AS (
           SELECT count(*) AS count,
                  avg(value - (SELECT mean FROM about)) AS off,
                  min(value) AS least,
                  max(value) AS most,
                  median(value) AS median,
                  sum((value - (SELECT mean FROM about)) * (value - (SELECT mean FROM about))) AS squares
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
       )
SELECT count,
       min(max((SELECT mean FROM about) + off, least), most) AS mean,
       least,
       most,
       median,
       CASE count
            WHEN 0 THEN NULL
            WHEN 1 THEN 0.0
            ELSE sqrt(max(squares - count * off * off, 0.0) / (count - 1))
       END AS std_dev
  FROM exact

-- name: statistics
-- dialect: postgres
  WITH about AS (
           SELECT avg(value) AS mean
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
       ), exact AS (
           SELECT count(*) AS count,
                  avg(value - (SELECT mean FROM about)) AS off,
                  min(value) AS least,
                  max(value) AS most,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median,
                  stddev_samp(value - (SELECT mean FROM about)) AS std_dev
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
       )
SELECT count,
       least(greatest((SELECT mean FROM about) + off, least), most) AS mean,
       least,
       most,
       median,
       CASE count WHEN 0 THEN NULL WHEN 1 THEN 0.0 ELSE std_dev END AS std_dev
  FROM exact

-- name: outliers
SELECT signal_id, at AS timestamp, value, CAST(:unit AS text) AS unit
  FROM telemetry_measurement
 WHERE signal_id = :signal_id AND at >= :since AND at <= :until AND (value > :above OR value < :below)
 ORDER BY at DESC
 LIMIT :limit

-- name: count_outliers
SELECT count(*) AS total
  FROM telemetry_measurement
 WHERE signal_id = :signal_id AND at >= :since AND at <= :until AND (value > :above OR value < :below)

-- name: extent
-- Two looks at the ends of the key. Of the measurements between, so many are counted as make a difference.
SELECT (SELECT count(*)
          FROM (SELECT 1
                  FROM telemetry_measurement
                 WHERE signal_id = :signal_id AND at >= :since AND at <= :until
                 LIMIT :most) AS counted) AS count,
       (SELECT at
          FROM telemetry_measurement
         WHERE signal_id = :signal_id AND at >= :since AND at <= :until
         ORDER BY at
         LIMIT 1) AS first,
       (SELECT at
          FROM telemetry_measurement
         WHERE signal_id = :signal_id AND at >= :since AND at <= :until
         ORDER BY at DESC
         LIMIT 1) AS last

-- name: buckets
-- dialect: sqlite
-- One bucket after the other, each a range of the key: nothing is sorted, which for a million rows takes as long again.
  WITH RECURSIVE part (begin) AS (
           VALUES (CAST(:since AS integer))
            UNION ALL
           SELECT begin + :width FROM part WHERE begin + :width <= :until
       )
SELECT b.begin, count(*) AS count, min(max(avg(m.value), min(m.value)), max(m.value)) AS avg,
       min(m.value) AS least, max(m.value) AS most,
       (SELECT l.value
          FROM telemetry_measurement l
         WHERE l.signal_id = :signal_id AND l.at BETWEEN b.begin AND b.finish
         ORDER BY l.at DESC
         LIMIT 1) AS last
  FROM (SELECT begin, min(begin + :width - 1, :until) AS finish FROM part ORDER BY begin) b
 CROSS JOIN telemetry_measurement m ON m.signal_id = :signal_id AND m.at BETWEEN b.begin AND b.finish
 GROUP BY b.begin
 ORDER BY b.begin

-- name: buckets
-- dialect: postgres
-- The same. In UTC a day has 24 hours: in the session's zone a width of days would move with the clocks.
  WITH part AS (
           SELECT begin AT TIME ZONE 'UTC' AS begin, (begin + CAST(:width AS interval)) AT TIME ZONE 'UTC' AS next
             FROM generate_series(CAST(:since AS timestamptz) AT TIME ZONE 'UTC',
                                  CAST(:until AS timestamptz) AT TIME ZONE 'UTC',
                                  CAST(:width AS interval)) AS step (begin)
       )
SELECT b.begin, m.count, least(greatest(m.avg, m.least), m.most) AS avg, m.least, m.most,
       (SELECT value
          FROM telemetry_measurement
         WHERE signal_id = :signal_id AND at >= b.begin AND at < b.next AND at <= :until
         ORDER BY at DESC
         LIMIT 1) AS last
  FROM part b
 CROSS JOIN LATERAL (
           SELECT count(*) AS count, avg(value) AS avg, min(value) AS least, max(value) AS most
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= b.begin AND at < b.next AND at <= :until
       ) m
 WHERE m.count > 0
 ORDER BY b.begin

-- name: extremes
-- dialect: sqlite
-- The least and the greatest measurement of each part, of several alike the first, and both ends.
  WITH RECURSIVE part (begin) AS (
           VALUES (CAST(:since AS integer))
            UNION ALL
           SELECT begin + :width FROM part WHERE begin + :width <= :until
       ), kept (at) AS (
           SELECT (SELECT at
                     FROM telemetry_measurement
                    WHERE signal_id = :signal_id AND at BETWEEN begin AND min(begin + :width - 1, :until)
                    ORDER BY value, at
                    LIMIT 1)
             FROM part
            UNION
           SELECT (SELECT at
                     FROM telemetry_measurement
                    WHERE signal_id = :signal_id AND at BETWEEN begin AND min(begin + :width - 1, :until)
                    ORDER BY value DESC, at
                    LIMIT 1)
             FROM part
            UNION
           VALUES (:since), (:until)
       )
SELECT m.at AS timestamp, m.value
  FROM kept k
 CROSS JOIN telemetry_measurement m ON m.signal_id = :signal_id AND m.at = k.at
 ORDER BY m.at

-- name: extremes
-- dialect: postgres
  WITH part AS (
           SELECT begin AT TIME ZONE 'UTC' AS begin, (begin + CAST(:width AS interval)) AT TIME ZONE 'UTC' AS next
             FROM generate_series(CAST(:since AS timestamptz) AT TIME ZONE 'UTC',
                                  CAST(:until AS timestamptz) AT TIME ZONE 'UTC',
                                  CAST(:width AS interval)) AS step (begin)
       ), kept AS (
           SELECT m.at, m.value
             FROM part
            CROSS JOIN LATERAL (
                      SELECT at, value
                        FROM telemetry_measurement
                       WHERE signal_id = :signal_id AND at >= begin AND at < next AND at <= :until
                       ORDER BY value, at
                       LIMIT 1
                  ) m
            UNION
           SELECT m.at, m.value
             FROM part
            CROSS JOIN LATERAL (
                      SELECT at, value
                        FROM telemetry_measurement
                       WHERE signal_id = :signal_id AND at >= begin AND at < next AND at <= :until
                       ORDER BY value DESC, at
                       LIMIT 1
                  ) m
            UNION
           SELECT at, value
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at IN (:since, :until)
       )
SELECT at AS timestamp, value FROM kept ORDER BY at

-- name: import_progress
SELECT progress FROM telemetry_import WHERE digest = :digest

-- name: note_import
INSERT INTO telemetry_import (digest, progress, updated_at) VALUES (:digest, :progress, :updated_at)
    ON CONFLICT (digest) DO UPDATE SET progress = excluded.progress, updated_at = excluded.updated_at

-- name: import_done
DELETE FROM telemetry_import WHERE digest = :digest

-- One step into the key per signal, however many measurements there are.
-- name: freshness
SELECT unit, count(*) AS signals, max(last) AS newest, min(last) AS stalest
  FROM (SELECT s.unit AS unit,
               (SELECT m.at FROM telemetry_measurement m
                 WHERE m.signal_id = s.signal_id ORDER BY m.at DESC LIMIT 1) AS last
          FROM telemetry_signal s) AS signal
 WHERE last IS NOT NULL
 GROUP BY unit
 ORDER BY signals DESC, unit
 LIMIT 50
