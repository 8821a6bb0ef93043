drop index item_label;
create index item_label on item (lower(label)) include (at);
