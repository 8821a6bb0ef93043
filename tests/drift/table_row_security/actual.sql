alter table item enable row level security;
alter table item force row level security;
