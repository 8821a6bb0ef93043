"""audit.toml: one file says which sources, environments and rules an audit has; this package makes a Project of it."""

from migration_audit.project.connections import resolve
from migration_audit.project.less import SettingDifference, compare_settings
from migration_audit.project.load import (
    audited_digest,
    audited_tables,
    configuration_in,
    find_project,
    load_project,
    project_file,
    project_of,
)
from migration_audit.project.settings import (
    Environment,
    HypertablePin,
    LedgerSettings,
    NameFormat,
    Probe,
    Project,
    Scope,
    ScopeRule,
    Source,
)
from migration_audit.project.settings_boot import BootSettings, BootStep
from migration_audit.project.settings_command import CommandSettings
from migration_audit.project.settings_policy import EnvironmentPolicy, Policy, Waiver
from migration_audit.project.settings_rehearsal import RehearsalSettings
from migration_audit.project.settings_repository import Repository
from migration_audit.project.settings_rules import Rule, Verb
from migration_audit.project.settings_seed import SeedRule
from migration_audit.project.settings_snapshot import Rehearse, SnapshotSettings
from migration_audit.project.template import template, write_configuration, write_template

__all__ = [
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
    "Rule",
    "Scope",
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
    "write_template",
]
