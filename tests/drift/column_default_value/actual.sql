create table item (n int default 2, at timestamptz default clock_timestamp());
