"""The queries: one file for each kind, whose output columns are the fields of that kind's class."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from migration_audit.model.access import (
    ChangedPrivileges,
    Database,
    DefaultPrivileges,
    ExtensionDependency,
    LargeObjects,
    ParameterPrivileges,
    Role,
    RoleMembership,
    RoleSettings,
    SecurityLabel,
    Tablespace,
)
from migration_audit.model.attached import EventTrigger, ExtendedStatistics, RewriteRule
from migration_audit.model.foreign import ForeignDataWrapper, ForeignServer, UserMapping
from migration_audit.model.objects import CatalogObject
from migration_audit.model.operators import (
    AccessMethod,
    Aggregate,
    Cast,
    Collation,
    Conversion,
    Language,
    Operator,
    OperatorClass,
    OperatorFamily,
    Transform,
)
from migration_audit.model.relations import Column, Constraint, Index, MaterializedView, Sequence, Table, View
from migration_audit.model.replication import Publication, PublicationTable, Subscription
from migration_audit.model.routines import Extension, Routine, RowPolicy, Schema, Trigger, UserType
from migration_audit.model.textsearch import (
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
)
from migration_audit.model.timescale import (
    ChunkSkipping,
    CompressionSettings,
    ContinuousAggregate,
    Dimension,
    GranularRefresh,
    Hypertable,
    HypertableTablespaces,
)
from migration_audit.model.timescale_jobs import Job

KINDS: Final[dict[str, type[CatalogObject]]] = {
    "databases": Database,
    "extensions": Extension,
    "schemas": Schema,
    "types": UserType,
    "functions": Routine,
    "tables": Table,
    "columns": Column,
    "sequences": Sequence,
    "indexes": Index,
    "constraints": Constraint,
    "views": View,
    "materialized_views": MaterializedView,
    "triggers": Trigger,
    "policies": RowPolicy,
    "aggregates": Aggregate,
    "operators": Operator,
    "operator_families": OperatorFamily,
    "operator_classes": OperatorClass,
    "casts": Cast,
    "conversions": Conversion,
    "collations": Collation,
    "languages": Language,
    "transforms": Transform,
    "access_methods": AccessMethod,
    "text_search_parsers": TextSearchParser,
    "text_search_templates": TextSearchTemplate,
    "text_search_dictionaries": TextSearchDictionary,
    "text_search_configurations": TextSearchConfiguration,
    "foreign_data_wrappers": ForeignDataWrapper,
    "foreign_servers": ForeignServer,
    "user_mappings": UserMapping,
    "publications": Publication,
    "publication_tables": PublicationTable,
    "subscriptions": Subscription,
    "rules": RewriteRule,
    "extended_statistics": ExtendedStatistics,
    "event_triggers": EventTrigger,
    "default_privileges": DefaultPrivileges,
    "changed_privileges": ChangedPrivileges,
    "security_labels": SecurityLabel,
    "large_objects": LargeObjects,
    "extension_dependencies": ExtensionDependency,
    "tablespaces": Tablespace,
}
"""The file of each kind, without its suffix."""

CLUSTER_KINDS: Final[dict[str, type[CatalogObject]]] = {
    "roles": Role,
    "role_memberships": RoleMembership,
    "role_settings": RoleSettings,
    "parameter_privileges": ParameterPrivileges,
}
"""The same for what lives outside of a database, and is read where it is asked for."""

TIMESCALEDB_KINDS: Final[dict[str, type[CatalogObject]]] = {
    "hypertables": Hypertable,
    "dimensions": Dimension,
    "hypertable_tablespaces": HypertableTablespaces,
    "chunk_skipping": ChunkSkipping,
    "compression_settings": CompressionSettings,
    "continuous_aggregates": ContinuousAggregate,
    "jobs": Job,
    "granular_refresh": GranularRefresh,
}
"""The same for what only a database with TimescaleDB has; ``Features.query_of`` names the file for its version."""


@cache
def load_query(name: str) -> bytes:
    """The text of ``sql/<name>.sql``, as psql would run it."""
    return (files(__package__) / "sql" / f"{name}.sql").read_bytes()
