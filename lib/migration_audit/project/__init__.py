"""audit.toml: one file says which sources, environments and rules an audit has; this package makes a Project of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.project.boot import BootSettings, BootStep, Rehearse, SnapshotSettings
    from migration_audit.project.documents import FIRST_LINE, template, write_configuration, write_schema, write_template
    from migration_audit.project.environment import Environment, resolve
    from migration_audit.project.load import (
        audited_digest,
        audited_tables,
        configuration_in,
        find_project,
        load_project,
        project_file,
        project_of,
    )
    from migration_audit.project.policy import EnvironmentPolicy, Policy, Waiver
    from migration_audit.project.probe import HypertablePin, Probe, RehearsalSettings
    from migration_audit.project.repositories import Repository
    from migration_audit.project.rule import AuditRule, Verb
    from migration_audit.project.scope import AuditScope, ScopeRule, SeedRule
    from migration_audit.project.settings import Project
    from migration_audit.project.settings_difference import SettingDifference, compare_settings
    from migration_audit.project.source import CommandSettings, LedgerSettings, NameFormat, Source

__all__ = [
    "FIRST_LINE",
    "AuditRule",
    "AuditScope",
    "BootSettings",
    "BootStep",
    "CommandSettings",
    "Environment",
    "EnvironmentPolicy",
    "HypertablePin",
    "LedgerSettings",
    "NameFormat",
    "Policy",
    "Probe",
    "Project",
    "RehearsalSettings",
    "Rehearse",
    "Repository",
    "ScopeRule",
    "SeedRule",
    "SettingDifference",
    "SnapshotSettings",
    "Source",
    "Verb",
    "Waiver",
    "audited_digest",
    "audited_tables",
    "compare_settings",
    "configuration_in",
    "find_project",
    "load_project",
    "project_file",
    "project_of",
    "resolve",
    "template",
    "write_configuration",
    "write_schema",
    "write_template",
]

__getattr__ = names_on_use(__name__)
