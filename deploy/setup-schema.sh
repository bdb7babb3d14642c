#!/bin/sh
# One-shot, safe to repeat: creates and upgrades Temporal's two databases. Runs in temporalio/admin-tools, which finds
# host, user and password in SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD (tools/sql/main.go of temporalio/temporal).
set -eu
: "${SCHEMA_DIR:=/etc/temporal/schema/postgresql/v12}"

schema_of() {
  database=$1
  folder=$SCHEMA_DIR/$2/versioned
  echo "schema of $database"
  temporal-sql-tool --plugin postgres12 --db "$database" create
  # Leaves a database that is already further than 0.0 as it is.
  temporal-sql-tool --plugin postgres12 --db "$database" setup-schema -v 0.0
  temporal-sql-tool --plugin postgres12 --db "$database" update-schema -d "$folder"
}

schema_of temporal temporal
schema_of temporal_visibility visibility
