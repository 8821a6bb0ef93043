drop trigger stop on item;
create trigger stop before insert or update on item for each row execute function stop();
