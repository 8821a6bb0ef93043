create table public.item (id int);
