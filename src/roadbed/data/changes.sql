-- The feeds: a number per kind of row, and what was written under each number.

-- name: bump
INSERT INTO feed AS f (name, number) VALUES (:feed, :count)
ON CONFLICT (name) DO UPDATE SET number = f.number + excluded.number
RETURNING number

-- name: log
INSERT INTO change (feed, number, key, kind, at, body) VALUES (:feed, :number, :key, :kind, :at, :body)
