create trigger more after update of label on item execute function stop();
