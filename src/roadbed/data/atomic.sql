-- name: take_turn
-- dialect: postgres
SELECT pg_advisory_xact_lock(:number)
