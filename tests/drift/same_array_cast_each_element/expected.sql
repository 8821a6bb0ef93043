create domain word as varchar check (value in ('x', 'y'));
create table item (kind varchar(9) check (kind in ('a', 'b')), size text generated always as (case when kind in ('a', 'b') then 'big' end) stored);
create index item_kind on item (kind) where kind in ('a', 'b');
create view big as select * from item where kind in ('a', 'b');
create materialized view small as select * from item where kind not in ('a', 'b');
create policy seen on item using (kind in ('a', 'b')) with check (kind in ('c', 'd'));
create function stop() returns trigger language plpgsql as 'begin return null; end';
create trigger stop before insert on item for each row when (new.kind in ('a', 'b')) execute function stop();
