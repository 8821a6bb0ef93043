do $$ begin execute format('grant connect on database %I to public', current_database()); end $$;
do $$ begin execute format('alter database %I set work_mem = ''8MB''', current_database()); end $$;
do $$ begin execute format('alter database %I reset work_mem', current_database()); end $$;
do $$ begin execute format('comment on database %I is ''x''', current_database()); end $$;
do $$ begin execute format('comment on database %I is null', current_database()); end $$;
