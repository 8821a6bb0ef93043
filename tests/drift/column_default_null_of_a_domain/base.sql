create domain seven as integer default 7;
create table p (a seven default 5);
