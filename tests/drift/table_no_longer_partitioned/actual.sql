create table log (at date);
