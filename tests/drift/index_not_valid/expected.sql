create table log (n int) partition by list (n);
create table log_1 partition of log for values in (1);
create index log_n on log (n);
