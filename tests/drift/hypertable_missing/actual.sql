create index reading_at_idx on reading (at desc);
