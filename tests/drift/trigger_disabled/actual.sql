alter table item disable trigger stop;
