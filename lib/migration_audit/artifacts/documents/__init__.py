"""Markdown documents and acceptance commands."""
