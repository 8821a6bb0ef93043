create domain word as varchar constraint word_check check (((value)::text = any (array[('x'::character varying)::text, ('y'::character varying)::text])));
create table item (kind varchar(9) constraint item_kind_check check (((kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text]))), size text generated always as (case when ((kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text])) then 'big'::text else null::text end) stored);
create index item_kind on item using btree (kind) where ((kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text]));
create view big as select kind, size from item where ((kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text]));
create materialized view small as select kind, size from item where ((kind)::text <> all (array[('a'::character varying)::text, ('b'::character varying)::text]));
create policy seen on item using (((kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text]))) with check (((kind)::text = any (array[('c'::character varying)::text, ('d'::character varying)::text])));
create function stop() returns trigger language plpgsql as 'begin return null; end';
create trigger stop before insert on item for each row when (((new.kind)::text = any (array[('a'::character varying)::text, ('b'::character varying)::text]))) execute function stop();
