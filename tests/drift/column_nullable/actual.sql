alter table item alter label drop not null, alter at set not null;
