"""The facts of a run: kept as files, read again by their types, without secrets."""
