"""Directus in a project: its snapshot file and its version."""
