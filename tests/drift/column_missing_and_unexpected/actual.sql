alter table item rename price to cost;
alter table item alter cost type text;
