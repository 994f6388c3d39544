-- The feeds: a number per kind of row, and what was written under each number.

-- name: bump
INSERT INTO feed AS f (name, number) VALUES (:feed, :count)
ON CONFLICT (name) DO UPDATE SET number = f.number + excluded.number
RETURNING number

-- name: raise
UPDATE feed SET number = :number WHERE name = :feed AND number < :number

-- name: log
INSERT INTO change (feed, number, key, kind, at, body) VALUES (:feed, :number, :key, :kind, :at, :body)

-- name: head
SELECT number FROM feed WHERE name = :feed

-- One statement, so one state of the data. Large bodies stay where they are, lest a page of them fill the memory.
-- name: page
-- dialect: sqlite
SELECT f.number, c.number, c.key, c.kind, c.at, octet_length(c.body),
       CASE WHEN octet_length(c.body) <= :large THEN c.body END
  FROM feed AS f LEFT JOIN change AS c ON c.feed = f.name AND c.number > :after
 WHERE f.name = :feed
 ORDER BY c.number LIMIT :limit

-- name: page
-- dialect: postgres
SELECT f.number, c.number, c.key, c.kind, c.at, octet_length(c.body),
       CASE WHEN octet_length(c.body) <= :large THEN c.body END
  FROM feed AS f
  LEFT JOIN LATERAL (SELECT * FROM change WHERE feed = f.name AND number > :after ORDER BY number LIMIT :limit) AS c
       ON true
 WHERE f.name = :feed
 ORDER BY c.number

-- name: body
SELECT body FROM change WHERE feed = :feed AND number = :number

-- name: feeds
SELECT name, number FROM feed ORDER BY name LIMIT 10000

-- name: oldest
SELECT number, at FROM change WHERE feed = :feed AND kind <> 'swept' ORDER BY number LIMIT :limit

-- name: mark_swept
UPDATE change SET key = '', kind = 'swept', body = NULL WHERE feed = :feed AND number = :number

-- name: sweep
DELETE FROM change WHERE feed = :feed AND number < :number
