alter table item cluster on item_label;
