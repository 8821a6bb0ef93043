create unique index c on t (a);
