"""SNAP005: the version that wrote the snapshot, and the one that applies it."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.directus import DirectusSnapshot, DirectusVersion, TargetVersion
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

_VENDOR = "postgres"


def run(directus_snapshot: DirectusSnapshot, directus_target: TargetVersion) -> Iterator[CheckOutput]:
    """Compare the version and the vendor that the snapshot names with the owner's image and with PostgreSQL.

    Why: the command line applies a snapshot of any version and vendor without a warning (only the REST interface rejects
    it). SNAP004 computes the result: a snapshot of 11.17 on 12.3 deletes all collections, one of 12.4 on 11.17 ends every
    boot.
    Fix: after each upgrade start the new version on a copy, and export the snapshot again: `directus schema snapshot`.
    Source: run on Directus 11.17.4, 12.3.1 and 12.4.0.
    """
    named = directus_snapshot.directus or "no version"
    yield Note(
        text=f"the snapshot names Directus {named} and {directus_snapshot.vendor or 'no vendor'}; {directus_target.named}"
    )
    if directus_snapshot.vendor != _VENDOR:
        yield Finding(
            key="SNAP005:vendor",
            summary=f"the snapshot was written for {directus_snapshot.vendor or 'no named vendor'}, and the database is "
            f"{_VENDOR}: types and defaults are spelled differently, and schema apply does not check that",
            expected=_VENDOR,
            actual=directus_snapshot.vendor,
            where=directus_snapshot.at("vendor"),
        )
    wrote = DirectusVersion.parse(directus_snapshot.directus or "")
    if wrote is None:
        yield Finding(
            key="SNAP005:directus",
            summary=f"the snapshot does not say which Directus wrote it ({directus_snapshot.directus or 'no directus key'})",
            expected=str(directus_target.version or "a release such as 11.17.4"),
            actual=directus_snapshot.directus,
            where=directus_snapshot.at("directus"),
        )
    elif directus_target.version is None:
        why = directus_target.reason or directus_target.named
        what = f"whether a snapshot of Directus {wrote} fits depends on the version of Directus"
        yield Unavailable(reason=f"{what}, which is not known: {why}")
    elif wrote != directus_target.version:
        yield Finding(
            key="SNAP005:directus",
            summary=f"the snapshot was written by Directus {wrote} and is applied by {directus_target.version} "
            f"({directus_target.named})",
            expected=str(directus_target.version),
            actual=str(wrote),
            where=directus_snapshot.at("directus"),
        )


CHECK = check_of_both_phases(
    "SNAP005", "The snapshot was written by the version that the owner's image runs, for PostgreSQL", Severity.WARNING, run
)
