create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create aggregate total(int) (sfunc = int4pl, stype = int);
create rule quiet as on delete to item do instead nothing;
create publication all_of_it for table item;
