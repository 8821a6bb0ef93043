alter table item alter label type text collate "C";
