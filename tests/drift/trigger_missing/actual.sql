drop trigger stop on item;
