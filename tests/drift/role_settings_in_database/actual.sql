create role app;
do $$ begin execute format('alter role app in database %I set work_mem = ''9MB''', current_database()); end $$;
