-- name: columns
-- dialect: sqlite
SELECT t.name AS in_table, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'

-- name: columns
-- dialect: postgres
SELECT table_name::text, column_name::text FROM information_schema.columns
 WHERE table_schema::text = ANY (current_schemas(false)::text[])
