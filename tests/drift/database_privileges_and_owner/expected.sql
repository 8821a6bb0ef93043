create role app;
do $$ begin execute format('grant connect, create on database %I to app', current_database()); end $$;
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;
