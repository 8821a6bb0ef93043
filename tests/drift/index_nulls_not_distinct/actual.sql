drop index item_label;
create unique index item_label on item (label, at) nulls not distinct;
