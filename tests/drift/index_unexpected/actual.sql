create index item_at on item (at);
