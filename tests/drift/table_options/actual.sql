alter table item set (fillfactor = 70, toast.autovacuum_enabled = off);
