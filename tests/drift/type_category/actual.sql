create domain mood as text;
