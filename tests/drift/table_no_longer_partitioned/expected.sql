create table log (at date) partition by range (at);
