"""Source code, CI pipelines and SQL files of a project: names, calls, imports, texts, DDL."""
