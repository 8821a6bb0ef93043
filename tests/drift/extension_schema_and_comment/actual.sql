create schema ext;
create extension pg_trgm schema ext;
comment on extension pg_trgm is 'words';
