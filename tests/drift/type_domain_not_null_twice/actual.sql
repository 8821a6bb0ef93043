create domain code as text constraint told not null;
