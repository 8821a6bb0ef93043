"""Audit what would be lost with a migration runner, with evidence that a reviewer can compute again and sign."""

__version__ = "0.1.0"
