#!/bin/bash
# The database and who may do what in it. Run by the image when its volume is empty.
#
#   ringback_owner      owns the schema; `ringback migrate` and nothing else is this role
#   ringback            reads and writes rows; the service
#   ringback_analytics  reads the views (what it may read is said by the migrations); nobody logs in as it
#   ringback_grafana    a login of ringback_analytics, with bounds: a dashboard must not slow the books
set -euo pipefail

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\set owner_password `cat /run/secrets/ledger_owner_password`
\set password `cat /run/secrets/ledger_password`
\set grafana_password `cat /run/secrets/grafana_ledger_password`
CREATE ROLE ringback_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE ringback LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE ROLE ringback_analytics NOLOGIN;
CREATE ROLE ringback_grafana LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 10
    PASSWORD :'grafana_password' IN ROLE ringback_analytics;
ALTER ROLE ringback_grafana SET default_transaction_read_only = on;
ALTER ROLE ringback_grafana SET statement_timeout = '15s';
ALTER ROLE ringback_grafana SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE ringback_grafana SET temp_file_limit = '256MB';
ALTER ROLE ringback_grafana SET work_mem = '32MB';
ALTER ROLE ringback_grafana SET random_page_cost = 1.1;

CREATE DATABASE ringback OWNER ringback_owner;
REVOKE ALL ON DATABASE ringback FROM PUBLIC;
GRANT CONNECT ON DATABASE ringback TO ringback, ringback_analytics;

\connect ringback
ALTER SCHEMA public OWNER TO ringback_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ringback, ringback_analytics;
ALTER DEFAULT PRIVILEGES FOR ROLE ringback_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ringback;
ALTER DEFAULT PRIVILEGES FOR ROLE ringback_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO ringback;
SQL
