alter table item alter at type timestamp;
