-- The numbers of feeds, for what is kept under them.

-- name: number
-- dialect: sqlite
SELECT number FROM feed WHERE name = :name

-- name: numbers
-- dialect: postgres
SELECT name, number FROM feed WHERE name = ANY(:names::text[])

-- name: set_epoch
INSERT INTO feed AS f (name, number) VALUES ('', :number) ON CONFLICT (name) DO UPDATE SET number = excluded.number
