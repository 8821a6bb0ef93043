create table thing (gone int, id int, extra text, label text);
alter table thing drop gone;
alter table thing drop column extra;
alter table thing alter id set not null, alter label set default 'x';
alter table thing add n int;
alter table thing alter n type bigint;
alter table thing rename to item;
