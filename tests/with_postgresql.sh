#!/usr/bin/env bash
# Runs a command with TEST_DATABASE_URL naming a private PostgreSQL server that ends with it, so that tests keep the
# application's state and profiles there: tests/with_postgresql.sh cargo test --test runs
set -euo pipefail

bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
folder=$(mktemp -d)
# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  as=(runuser -u postgres --)
fi
cd_into() { (cd "$folder" && "$@"); }
stop() {
  cd_into "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
cd_into "${as[@]}" "$bin/initdb" -A trust -U listbridge -E UTF8 --locale=C --no-sync -D "$folder/data" >/dev/null
cd_into "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start >/dev/null \
  -o "-h '' -k $folder -c fsync=off -c max_connections=300"
TEST_DATABASE_URL="postgres://listbridge@localhost/postgres?host=$folder" "$@"
