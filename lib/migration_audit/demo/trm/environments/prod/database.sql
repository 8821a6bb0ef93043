-- The legacy runner made its own tables here, so its role was given the schema.
GRANT USAGE, CREATE ON SCHEMA public TO processor;
