drop index item_label;
create index item_label on other (label, at);
