create domain code as varchar(6);
