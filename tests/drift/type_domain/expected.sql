create domain code as text not null default 'x' constraint short check (length(value) < 5);
