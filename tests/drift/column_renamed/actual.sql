alter table item rename price to cost;
