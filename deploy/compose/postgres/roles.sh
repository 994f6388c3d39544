#!/bin/sh
# Runs once, when the database is made: the service owns its database without being a superuser, and the exporter may
# look at statistics alone. The passwords come from files and show in no list of processes.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres --dbname roadbed --no-psqlrc <<'SQL'
\set roadbed_password `cat /run/secrets/roadbed_password`
\set monitor_password `cat /run/secrets/monitor_password`
CREATE ROLE roadbed LOGIN PASSWORD :'roadbed_password';
CREATE ROLE monitor LOGIN PASSWORD :'monitor_password' CONNECTION LIMIT 5 IN ROLE pg_monitor;
REVOKE ALL ON DATABASE roadbed FROM PUBLIC;
ALTER DATABASE roadbed OWNER TO roadbed;
GRANT CONNECT ON DATABASE roadbed TO monitor;
ALTER SCHEMA public OWNER TO roadbed;
SQL
