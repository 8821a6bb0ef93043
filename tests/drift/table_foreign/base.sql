create foreign data wrapper nowhere;
create server one foreign data wrapper nowhere;
create server two foreign data wrapper nowhere;
