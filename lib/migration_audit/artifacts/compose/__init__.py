"""Compose files: merged as Compose merges them, every value with its file and line."""
