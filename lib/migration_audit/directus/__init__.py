"""What ``directus schema apply`` does to a database, computed.

A transcription of the published source of ``@directus/api`` (getSchema, getSnapshot, getSnapshotDiff, applyDiff and the
services that they call) and of what knex and PostgreSQL make of it. Pure: a snapshot file, a database and a version go in;
out come, boot by boot, the statements, the exit code, and whether everything was rolled back.
"""
