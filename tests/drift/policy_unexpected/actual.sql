create policy more on item;
