grant create on schema public to public;
