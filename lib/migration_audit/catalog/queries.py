"""The queries: one file for each kind, whose output columns are the fields of that kind's class."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from migration_audit.model import access, operators, other_servers, relations, routines, timescale, timescale_jobs
from migration_audit.model.objects import CatalogObject

KINDS: Final[dict[str, type[CatalogObject]]] = {
    "databases": access.Database,
    "extensions": routines.Extension,
    "schemas": routines.Schema,
    "types": routines.UserType,
    "functions": routines.Routine,
    "tables": relations.Table,
    "columns": relations.Column,
    "sequences": relations.Sequence,
    "indexes": relations.Index,
    "constraints": relations.Constraint,
    "views": relations.View,
    "materialized_views": relations.MaterializedView,
    "triggers": routines.Trigger,
    "policies": routines.RowPolicy,
    "aggregates": operators.Aggregate,
    "operators": operators.Operator,
    "operator_families": operators.OperatorFamily,
    "operator_classes": operators.OperatorClass,
    "casts": operators.Cast,
    "conversions": operators.Conversion,
    "collations": operators.Collation,
    "languages": operators.Language,
    "transforms": operators.Transform,
    "access_methods": operators.AccessMethod,
    "text_search_parsers": operators.TextSearchParser,
    "text_search_templates": operators.TextSearchTemplate,
    "text_search_dictionaries": operators.TextSearchDictionary,
    "text_search_configurations": operators.TextSearchConfiguration,
    "foreign_data_wrappers": other_servers.ForeignDataWrapper,
    "foreign_servers": other_servers.ForeignServer,
    "user_mappings": other_servers.UserMapping,
    "publications": other_servers.Publication,
    "publication_tables": other_servers.PublicationTable,
    "subscriptions": other_servers.Subscription,
    "rules": routines.RewriteRule,
    "extended_statistics": routines.ExtendedStatistics,
    "event_triggers": routines.EventTrigger,
    "default_privileges": access.DefaultPrivileges,
    "changed_privileges": access.ChangedPrivileges,
    "security_labels": access.SecurityLabel,
    "large_objects": access.LargeObjects,
    "extension_dependencies": access.ExtensionDependency,
    "tablespaces": access.Tablespace,
}
"""The file of each kind, without its suffix."""

CLUSTER_KINDS: Final[dict[str, type[CatalogObject]]] = {
    "roles": access.Role,
    "role_memberships": access.RoleMembership,
    "role_settings": access.RoleSettings,
    "parameter_privileges": access.ParameterPrivileges,
}
"""The same for what lives outside of a database, and is read where it is asked for."""

TIMESCALEDB_KINDS: Final[dict[str, type[CatalogObject]]] = {
    "hypertables": timescale.Hypertable,
    "dimensions": timescale.Dimension,
    "hypertable_tablespaces": timescale.HypertableTablespaces,
    "chunk_skipping": timescale.ChunkSkipping,
    "compression_settings": timescale.CompressionSettings,
    "continuous_aggregates": timescale.ContinuousAggregate,
    "jobs": timescale_jobs.Job,
    "granular_refresh": timescale.GranularRefresh,
}
"""The same for what only a database with TimescaleDB has; ``Features.query_of`` names the file for its version."""


@cache
def load_query(name: str) -> bytes:
    """The text of ``sql/<name>.sql``, as psql would run it."""
    return (files(__package__) / "sql" / f"{name}.sql").read_bytes()
