create table positions (ts timestamptz, v int); create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
