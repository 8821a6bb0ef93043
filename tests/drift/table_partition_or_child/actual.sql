create table positions_old () inherits (positions);
create trigger noted after insert on positions for each row execute function noted();
create trigger noted after insert on positions_old for each row execute function noted();
