"""How throw-away clusters are configured: nothing in them is worth keeping, and everything in them must repeat.

Which extensions a provider has is known before anything is downloaded, so that an error can name the provider to use.
"""

from __future__ import annotations

from collections.abc import Iterable

OLDEST_MAJOR = 14
"""The oldest PostgreSQL that is used; older ones are not maintained any more."""
LOCALES = ("C.UTF-8", "C")
"""Tried in this order: macOS and old Linux do not have the first."""

PRIVATE_NAME = "migration-audit-private"
"""``cluster_name`` of servers that are ours alone; SQL cannot change it, since it is set at the start."""
ISOLATION_VARIABLE = "MIGRATION_AUDIT_ISOLATION"
"""``off``: servers see the network and the files of this machine, as their account does, and SQL may use them."""

SETTINGS = {
    # Losing a shadow costs nothing, so no write waits for a disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Nothing happens in the background that a snapshot could catch half-done.
    "autovacuum": "off",
    "max_logical_replication_workers": "0",
    "jit": "off",
    # Migrations that make publications and replication slots find a server that is prepared for them.
    "wal_level": "logical",
    "max_wal_size": "256MB",
    # Small enough for several clusters at once; large enough for a migration history in one transaction.
    "shared_buffers": "32MB",
    "max_connections": "50",
    "max_locks_per_transaction": "512",
    # In the data directory, so that it goes away with it; a container's /dev/shm may be tiny.
    "dynamic_shared_memory_type": "mmap",
    # The same on every machine.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, mdy",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.english",
    # The log goes to standard error, which the guard sends to the cluster's own file.
    "logging_collector": "off",
    "log_destination": "stderr",
}

TIMESCALE_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "timescaledb.max_background_workers": "0",
}


def configuration(*, timescaledb: bool) -> str:
    """The text that is appended to ``postgresql.conf`` of a pristine data directory."""
    chosen = SETTINGS | (TIMESCALE_SETTINGS if timescaledb else {})
    return "".join(f"{name} = '{value}'\n" for name, value in chosen.items())


def initdb_options(major: int, *, superuser: str, locale: str) -> list[str]:
    """Options that make ``initdb`` do the same on every machine; ``-D`` is the caller's to add.

    From 17 on the collation is PostgreSQL's own ``C.UTF-8``, which does not change with the C library.
    """
    options = [
        f"--username={superuser}",
        "--encoding=UTF8",
        f"--locale={locale}",
        "--auth-local=trust",  # the directory of the socket is what keeps others out
        "--auth-host=scram-sha-256",
        "--no-sync",
        "--wal-segsize=1",
        "--no-instructions",
    ]
    if major >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options


_POSTGIS = {
    "address_standardizer", "address_standardizer_data_us", "postgis", "postgis_raster", "postgis_sfcgal",
    "postgis_tiger_geocoder", "postgis_topology",
}  # fmt: skip
_CONTRIB = {
    "amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int",
    "dict_xsyn", "earthdistance", "file_fdw", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray", "isn",
    "lo", "ltree", "moddatetime", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm",
    "pg_stat_statements", "pg_surgery", "pg_trgm", "pg_visibility", "pg_walinspect", "pgcrypto", "pgrowlocks",
    "pgstattuple", "plpgsql", "postgres_fdw", "refint", "seg", "sslinfo", "tablefunc", "tcn", "tsm_system_rows",
    "tsm_system_time", "unaccent", "uuid-ossp", "xml2",
}  # fmt: skip
DEBIAN = {"timescaledb"} | _POSTGIS | _CONTRIB
"""PostgreSQL's own, TimescaleDB and PostGIS: what the packages of the `debian` provider hold."""
_DOCKER = DEBIAN | {"timescaledb_toolkit", "vector", "vectorscale", "ai", "pgrouting", "h3", "h3_postgis", "pg_cron"}
"""What the image adds, as its documentation says."""


def extension_advice(names: Iterable[str], *, instead_of: str) -> str:
    """What to do about extensions that a server does not have: the providers that have them all.

    >>> extension_advice(["timescaledb"], instead_of="local")
    'use a server that provides it: MIGRATION_AUDIT_SERVER=debian or docker'
    >>> extension_advice(["vector"], instead_of="debian")
    'use a server that provides it: MIGRATION_AUDIT_SERVER=docker'
    """
    wanted = set(names)
    having = [name for name, held in (("debian", DEBIAN), ("docker", _DOCKER)) if wanted <= held and name != instead_of]
    if having:
        return f"use a server that provides it: MIGRATION_AUDIT_SERVER={' or '.join(having)}"
    return "install it on your own server and use that: MIGRATION_AUDIT_SERVER=url, MIGRATION_AUDIT_SERVER_URL=…"
