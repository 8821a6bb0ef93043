do $$ begin execute format('alter database %I is_template false', current_database()); end $$;
