create domain code as varchar(5);
