"""Programs that run against throw-away databases: the writer's statements, the tests' fixture, Directus."""
