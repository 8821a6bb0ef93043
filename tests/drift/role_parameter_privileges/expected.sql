create role app;
grant set on parameter log_min_messages to app;
grant set on parameter log_statement to app;
