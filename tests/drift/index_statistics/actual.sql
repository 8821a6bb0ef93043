alter index item_lower alter column 1 set statistics 7;
