grant update (label) on item to reader;
comment on column item.label is 'shown';
