-- db-init-post runs after `directus schema apply`, on every boot. Everything here is idempotent.
--
-- A plate is unique within its country. snapshots/schema.yaml knows UNIQUE on a single column only; a composite one is
-- invisible to `directus schema apply`, which therefore leaves it alone.
do $$
begin
    if not exists (
        select from pg_constraint
         where conrelid = 'vehicles'::regclass and conname = 'vehicles_country_plate_unique'
    ) then
        alter table vehicles
            add constraint vehicles_country_plate_unique unique (country, plate);
    end if;
end
$$;
