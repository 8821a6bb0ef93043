alter table item set unlogged;
