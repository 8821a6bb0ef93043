-- The processor writes and never runs DDL.
GRANT USAGE ON SCHEMA public TO processor;
GRANT SELECT, INSERT, UPDATE ON positions TO processor;
