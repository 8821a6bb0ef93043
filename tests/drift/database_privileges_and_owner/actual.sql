create role app;
do $$ begin execute format('revoke all on database %I from public', current_database()); end $$;
do $$ begin execute format('alter database %I owner to app', current_database()); end $$;
