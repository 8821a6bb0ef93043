do $$ begin execute format('comment on database %I is ''of the fleet''', current_database()); end $$;
do $$ begin execute format('alter database %I set work_mem = ''8MB''', current_database()); end $$;
do $$ begin execute format('alter database %I set app.secret = ''a''', current_database()); end $$;
do $$ begin execute format('alter database %I connection limit 7', current_database()); end $$;
