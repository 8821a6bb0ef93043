"""audit.toml: one file says which sources, environments and rules an audit has; this package makes a Project of it."""

from migration_audit.project.connections import resolve
from migration_audit.project.load import find_project, load_project, project_file
from migration_audit.project.settings import (
    Environment,
    HypertablePin,
    Ledger,
    NameFormat,
    Probe,
    Project,
    Scope,
    ScopeRule,
    Source,
)
from migration_audit.project.template import template, write_template

__all__ = [
    "Environment",
    "HypertablePin",
    "Ledger",
    "NameFormat",
    "Probe",
    "Project",
    "Scope",
    "ScopeRule",
    "Source",
    "find_project",
    "load_project",
    "project_file",
    "resolve",
    "template",
    "write_template",
]
