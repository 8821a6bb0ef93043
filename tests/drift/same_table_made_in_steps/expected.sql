create table item (id int not null, label text default 'x', n bigint);
