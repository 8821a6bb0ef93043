create domain code as text constraint told not null constraint told_again not null;
