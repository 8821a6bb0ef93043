"""Which provider has which extension, to name it in an error before anything is downloaded."""

from __future__ import annotations

from collections.abc import Iterable

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
DOCKER = DEBIAN | {"timescaledb_toolkit", "vector", "vectorscale", "ai", "pgrouting", "h3", "h3_postgis", "pg_cron"}
"""What the image adds, as its documentation says."""


def extension_advice(names: Iterable[str], *, instead_of: str) -> str:
    """What to do about extensions that a server does not have: the providers that have them all.

    >>> extension_advice(["timescaledb"], instead_of="local")
    'use a server that provides it: MIGRATION_AUDIT_SERVER=debian or docker'
    >>> extension_advice(["vector"], instead_of="debian")
    'use a server that provides it: MIGRATION_AUDIT_SERVER=docker'
    """
    wanted = set(names)
    having = [name for name, held in (("debian", DEBIAN), ("docker", DOCKER)) if wanted <= held and name != instead_of]
    if having:
        return f"use a server that provides it: MIGRATION_AUDIT_SERVER={' or '.join(having)}"
    return "install it on your own server and use that: MIGRATION_AUDIT_SERVER=url, MIGRATION_AUDIT_SERVER_URL=…"
