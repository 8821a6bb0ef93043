"""Prove, with evidence that a reviewer can re-execute and sign, that nothing is lost with a migration runner."""

__version__ = "0.1.0"
