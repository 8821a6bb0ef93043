drop index item_label;
create index item_label on item (label, at) where at is not null;
