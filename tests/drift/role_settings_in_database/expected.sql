create role app;
do $$ begin execute format('alter role app in database %I set work_mem = ''8MB''', current_database()); end $$;
