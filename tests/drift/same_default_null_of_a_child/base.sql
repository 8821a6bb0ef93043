create table p (a varchar(20) default 'x', b bit varying(4) default b'1', n numeric(8,2) default 1, w char(4)[] default '{}',
  d timestamp(3) with time zone default now(), x varchar(7) not null);
create table parted (id integer, a varchar(20) default 'x') partition by list (id);
