comment on table item is 'goods';
