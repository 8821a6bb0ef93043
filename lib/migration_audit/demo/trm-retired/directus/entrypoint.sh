#!/bin/sh
# The five steps of every boot. The first that fails ends it: the container is then not healthy, and the processor waits.
set -eu

step() {
  echo "==> $1"
}

step "1/5 db-init: extensions, hypertables, raw tables"
sh apply-db-init.sh db-init

step "2/5 bootstrap: the system tables of Directus, the first administrator"
directus bootstrap

step "3/5 schema apply: the collections of snapshots/schema.yaml"
directus schema apply --yes snapshots/schema.yaml

step "4/5 db-init-post: composite UNIQUE constraints on collections"
sh apply-db-init.sh db-init-post

step "5/5 start"
exec "$@"
