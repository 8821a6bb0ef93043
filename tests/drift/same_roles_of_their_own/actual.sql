create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create role report;
grant all on item to report;
alter table item owner to report;
grant select on item to public;
