#!/bin/sh
# Usage: apply-db-init.sh FOLDER
#
# Applies FOLDER/*.sql in the order of their names and records each file, with the SHA-256 of its contents, in
# directus.migrations_applied. A file that is recorded with these contents is left out; one that has changed is applied
# again, since everything in these folders is idempotent. The first file that fails ends it: its changes are rolled back.
#
# Connects as Directus does: DB_HOST, DB_PORT, DB_DATABASE, DB_USER, DB_PASSWORD.
set -eu

folder=${1:?usage: apply-db-init.sh FOLDER}
PGHOST=${DB_HOST:-localhost}
PGPORT=${DB_PORT:-5432}
PGDATABASE=${DB_DATABASE:-directus}
PGUSER=${DB_USER:-directus}
PGPASSWORD=${DB_PASSWORD:-}
# Not "$user", public: in the ledger's schema unqualified tables would land beside the ledger.
PGOPTIONS='-c search_path=public -c client_min_messages=warning'
export PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGOPTIONS

run_psql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

[ -d "$folder" ] || { echo "apply-db-init.sh: there is no folder $folder" >&2; exit 1; }

run_psql <<'SQL'
create schema if not exists directus;
create table if not exists directus.migrations_applied (
    filename   text        primary key,
    checksum   text        not null,
    applied_at timestamptz not null default now()
);
SQL

for file in "$folder"/*.sql; do
  [ -e "$file" ] || continue
  name=$(basename "$file")
  checksum=$(sha256 "$file")
  recorded=$(run_psql --set name="$name" <<'SQL'
select checksum from directus.migrations_applied where filename = :'name';
SQL
)
  if [ "$recorded" = "$checksum" ]; then
    echo "    $name: applied before"
    continue
  fi
  echo "    $name"
  # The file and its record in one transaction.
  {
    cat "$file"
    cat <<'SQL'

;
insert into directus.migrations_applied (filename, checksum) values (:'name', :'checksum')
    on conflict (filename) do update set checksum = excluded.checksum, applied_at = now();
SQL
  } | run_psql --single-transaction --set name="$name" --set checksum="$checksum" --file - >/dev/null
done
