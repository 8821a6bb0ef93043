create table log (at date, n int) partition by list (at);
create table log_1 partition of log for values in ('2026-01-01');
