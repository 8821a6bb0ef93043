drop table positions;
create table positions (ts timestamptz, v int) partition by range (ts);
create table positions_old partition of positions default;
create trigger noted after insert on positions for each row execute function noted();
