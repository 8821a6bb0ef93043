create domain code as text constraint short check (length(value) < 6);
