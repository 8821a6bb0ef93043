drop policy seen on item;
create policy seen on item as restrictive for update to reader using (id > 1) with check (id > 2);
comment on policy seen on item is 'mine';
