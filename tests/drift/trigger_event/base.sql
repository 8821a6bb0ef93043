create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create function stop() returns trigger language plpgsql as 'begin return null; end';
create trigger stop before insert on item for each row execute function stop();
