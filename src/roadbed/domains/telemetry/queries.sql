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
SELECT count(*) AS count, min(at) AS first, max(at) AS last
  FROM telemetry_measurement
 WHERE signal_id = :signal_id AND at >= :since AND at <= :until

-- name: buckets
-- dialect: sqlite
  WITH bucket AS (
           SELECT CAST(:since AS integer) + (at - CAST(:since AS integer)) / :width * :width AS begin,
                  count(*) AS count, avg(value) AS avg, min(value) AS least, max(value) AS most, max(at) AS latest
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
            GROUP BY 1
       )
SELECT b.begin, b.count, min(max(b.avg, b.least), b.most) AS avg, b.least, b.most, m.value AS last
  FROM bucket b
  JOIN telemetry_measurement m ON m.signal_id = :signal_id AND m.at = b.latest
 ORDER BY b.begin

-- name: buckets
-- dialect: postgres
  WITH bucket AS (
           SELECT date_bin(:width, at, :since) AS begin,
                  count(*) AS count, avg(value) AS avg, min(value) AS least, max(value) AS most, max(at) AS latest
             FROM telemetry_measurement
            WHERE signal_id = :signal_id AND at >= :since AND at <= :until
            GROUP BY 1
       )
SELECT b.begin, b.count, least(greatest(b.avg, b.least), b.most) AS avg, b.least, b.most, m.value AS last
  FROM bucket b
  JOIN telemetry_measurement m ON m.signal_id = :signal_id AND m.at = b.latest
 ORDER BY b.begin

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
