"""The facts of a run: saved as files, read again by their types, without secrets."""
