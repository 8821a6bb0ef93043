alter table item alter label set default 'none', alter at set default now();
