drop index item_label;
