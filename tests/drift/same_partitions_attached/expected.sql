create table log (at date not null, n int default 7, primary key (at)) partition by range (at);
create table log_1 partition of log for values from ('2026-01-01') to ('2026-02-01');
create table log_rest partition of log default;
create index log_n on log (n);
