alter index item_label rename to item_label_at;
