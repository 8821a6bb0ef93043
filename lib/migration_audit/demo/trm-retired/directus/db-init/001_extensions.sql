-- db-init runs before `directus bootstrap` and `directus schema apply`, on every boot. Everything here is idempotent.
create extension if not exists timescaledb;
create extension if not exists postgis;
