"""What people read: tables for notebooks and terminals, one HTML file per run, the matrix of all environments.

Nothing here decides anything. Results and snapshots come in as values, text comes out, and the same values give the
same bytes. Heavy libraries (pandas, jinja2, nh3) are imported by the functions that need them.
"""
