"""How a container starts and when it counts as healthy."""
