create table item (n int default 1, at timestamptz default now());
