-- Two manufacturers may use the same serial number.
do $$
begin
    if not exists (
        select from pg_constraint
         where conrelid = 'devices'::regclass and conname = 'devices_manufacturer_serial_number_unique'
    ) then
        alter table devices
            add constraint devices_manufacturer_serial_number_unique unique (manufacturer, serial_number);
    end if;
end
$$;
