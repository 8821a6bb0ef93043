"""Libraries that a project declares or locks."""
