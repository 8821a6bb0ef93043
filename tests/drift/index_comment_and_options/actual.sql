comment on index item_label is 'finder';
alter index item_label set (fillfactor = 60);
