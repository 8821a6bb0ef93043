do $$ begin execute format('comment on database %I is ''fleet''', current_database()); end $$;
do $$ begin execute format('alter database %I set app.secret = ''b''', current_database()); end $$;
