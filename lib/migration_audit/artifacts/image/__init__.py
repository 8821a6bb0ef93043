"""Dockerfiles: what an image contains, what its build runs, what its containers start."""
