create role app;
grant set, alter system on parameter log_min_messages to app;
