create table item (
    a bigint default 0, b numeric(10, 2) default 1.5, c real default -1, d smallint default 1,
    e timestamptz default now(), f text[] default '{}', g timestamp default now()
);
