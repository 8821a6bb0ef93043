create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
grant all on item to reader;
revoke update, delete, truncate, references, trigger on item from reader;
do $$ begin if current_setting('server_version_num')::int >= 170000 then execute 'revoke maintain on item from reader'; end if; end $$;
