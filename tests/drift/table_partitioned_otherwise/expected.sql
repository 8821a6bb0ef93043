create table log (at date, n int) partition by range (at);
create table log_1 partition of log for values from ('2026-01-01') to ('2026-02-01');
