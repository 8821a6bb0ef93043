drop trigger stop on item;
create trigger stop before insert on item for each row when (new.id > 0) execute function stop();
