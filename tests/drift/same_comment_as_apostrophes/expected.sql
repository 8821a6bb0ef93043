create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
comment on column item.label is 'it''s
here';
