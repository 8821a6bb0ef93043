"""The pre-flight: both SQL sources are executed on real servers, and their catalogs are read and compared."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from migration_audit import shadow, sources
from migration_audit.audit.coverage import Keys, Read, compared, coverage_of, cross_check_of, without
from migration_audit.audit.facts.types import PreflightFacts
from migration_audit.audit.preflight.loading import (
    cluster_for,
    destructions_of,
    ledger_of,
    load,
    no_statements,
    source_facts,
    with_outside,
    with_recorded,
)
from migration_audit.audit.preflight.port import preflight_port
from migration_audit.audit.preflight.prelude import find_server_with_prelude, read_base, shared_with
from migration_audit.audit.preflight.project_sides import CatalogSource, load_catalog
from migration_audit.audit.preflight.rows import preflight_rows, rows_again
from migration_audit.audit.preflight.shadows import (
    NO_SNAPSHOT,
    Shadow,
    apply_to,
    build_shadow,
    followed,
    owner_tables,
    roles_of,
)
from migration_audit.audit.run_in_parallel import run_in_parallel
from migration_audit.compare import Rules, with_effects
from migration_audit.model.access import Role
from migration_audit.model.command import AnySource, CommandSource
from migration_audit.model.directus_database import DirectusDatabase
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Outcome, Unavailable, first_unavailable, or_unavailable
from migration_audit.model.preflight import Convergence, ProbeResult, SourceFacts
from migration_audit.model.progress import Progress
from migration_audit.model.side_effects import SourceUndone
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.sql import Applied, SqlSource, StatementMatch
from migration_audit.project import Project
from migration_audit.shadow.prepared import CopiedDatabase
from migration_audit.shadow.probes import run_probes


def run_preflight(project: Project, *, rules: Rules, progress: Progress) -> PreflightFacts:
    """Load, apply, read, compare and probe both sources; what goes wrong is the reason in the place of the fact.

    ``progress`` gets a line for what takes long, such as the download of a server.

    Each sequence of sources gets a cluster of its own, so that roles of one side cannot leak into another. Raises
    no AuditError: only internal errors come out as exceptions.
    """
    try:
        legacy = load(project, project.legacy) if project.legacy.is_applied else load_catalog(project, project.legacy)
        owner = load(project, project.owner)
    except AuditError as error:
        return no_preflight(Unavailable.of(error), server="no server: the sources could not be read", sources_read=None)
    legacy_facts = legacy.facts if isinstance(legacy, CatalogSource) else source_facts("legacy", legacy)
    facts = (legacy_facts, source_facts("owner", owner))
    try:
        applied = [source for source in (legacy, owner) if not isinstance(source, CatalogSource)]
        server = find_server_with_prelude(project, list(map(sources.needed_extensions, applied)), progress)
        if isinstance(legacy, CatalogSource):
            return _against_catalog(server, legacy, owner, project=project, facts=facts, rules=rules)
        with ExitStack() as running:
            return _on_server(server, legacy, owner, project=project, facts=facts, rules=rules, running=running)
    except AuditError as error:
        found = no_preflight(Unavailable.of(error), server="no server", sources_read=facts)
        return {**found, "destructions": destructions_of(owner)}


def _with_applied(facts: SourceFacts, alone: Shadow) -> SourceFacts:
    """The facts of a source, and what applying it alone showed."""
    return with_outside(with_recorded(facts, alone.recorded), alone.outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One source alone, applied twice, and followed by the other source."""

    alone: Shadow
    dump: str | Unavailable
    """``pg_dump`` of ``alone``."""
    twice: Shadow | None
    then_other: Shadow | None
    probes: tuple[ProbeResult, ...] | Unavailable
    directus: DirectusDatabase | Unavailable = NO_SNAPSHOT
    first: CopiedDatabase
    """The database of ``alone``."""


def _on_server(
    server: shadow.ShadowServer,
    legacy: AnySource,
    owner: AnySource,
    *,
    project: Project,
    facts: tuple[SourceFacts, ...],
    rules: Rules,
    running: ExitStack,
) -> PreflightFacts:
    orders = (("legacy", legacy, owner), ("owner", owner, legacy))
    legacy_side, owner_side = run_in_parallel(
        lambda each: _side(server, *each, project=project, running=running if each[0] == "owner" else None), orders
    )
    whole = legacy_side.alone.catalog_of("the legacy SQL"), owner_side.alone.catalog_of("the owner SQL")
    left, right, prelude = _without_prelude(server, *whole)
    both_read = isinstance(left, Snapshot) and isinstance(right, Snapshot)
    found = coverage_of(project, left, right, rules=rules)
    return {
        "shadow": shadow.described(server),
        "sources": (_with_applied(facts[0], legacy_side.alone), _with_applied(facts[1], owner_side.alone)),
        "legacy_applied": legacy_side.alone.applied,
        "owner_applied": owner_side.alone.applied,
        "legacy": left,
        "owner": right,
        "legacy_origins": legacy_side.alone.origins,
        "owner_origins": owner_side.alone.origins,
        "prelude": prelude,
        "directus_owner": owner_side.directus,
        "no_coverage": found.drift if isinstance(found.drift, Unavailable) else None,
        "cross_check": cross_check_of(found.whole, (left, legacy_side.dump), (right, owner_side.dump)),
        "repeats": _repeats(("legacy", legacy_side), ("owner", owner_side), rules=rules),
        "orders": _orders(legacy_side, owner_side, rules=rules) if both_read else first_unavailable(left, right),
        "probes": owner_side.probes,
        "destructions": destructions_of(owner),
        "undone": tuple(_undone(*each) for each in (("legacy", legacy, legacy_side), ("owner", owner, owner_side))),
        "rows": preflight_rows(
            whole,  # rows may be in tables of the prelude
            (legacy_side.alone.rows, owner_side.alone.rows),
            project=project,
            again=partial(rows_again, server, ([legacy], [owner])),
        ),
        "statements": _statements(legacy, owner, legacy_side, owner_side, found.drift),
        "port": preflight_port(
            project,
            found,
            server=server,
            owner=[owner],
            applied=(owner_side.first, owner_side.alone.applied),
            origins=legacy_side.alone.origins,
            rules=rules,
        ),
    }


def _against_catalog(
    server: shadow.ShadowServer,
    legacy: CatalogSource,
    owner: AnySource,
    *,
    project: Project,
    facts: tuple[SourceFacts, ...],
    rules: Rules,
) -> PreflightFacts:
    """The owner's source on a real server, compared with a legacy schema that can only be read."""
    side = _side(server, "owner", owner, None, project=project)
    no_dump = legacy.unavailable("it cannot be dumped, so the comparison was not cross-checked")
    left, right, prelude = _without_prelude(server, legacy.snapshot, side.alone.catalog_of("the owner SQL"))
    found = coverage_of(project, left, right, rules=rules)
    return {
        "shadow": shadow.described(server),
        "sources": (facts[0], _with_applied(facts[1], side.alone)),
        "legacy_applied": Applied(sequence=()),
        "owner_applied": side.alone.applied,
        "legacy": left,
        "owner": right,
        "prelude": prelude,
        "directus_owner": side.directus,
        "legacy_origins": {},
        "owner_origins": side.alone.origins,
        "no_coverage": found.drift if isinstance(found.drift, Unavailable) else None,
        "cross_check": cross_check_of(found.whole, (left, no_dump), (right, side.dump)),
        "repeats": _repeats(("owner", side), rules=rules),
        "orders": legacy.unavailable("it cannot be applied before or after the owner's SQL"),
        "probes": side.probes,
        "destructions": destructions_of(owner),
        "undone": (_undone("owner", owner, side),),
        "rows": legacy.unavailable("its rows are not compared"),
        "statements": legacy.unavailable("its statements are not known"),
        "port": preflight_port(project, found, server=server, owner=[owner], origins={}, rules=rules),
    }


def _without_prelude(server: shadow.ShadowServer, left: Read, right: Read) -> tuple[Read, Read, Keys]:
    """Both sides without what the prelude creates, and the keys of that."""
    if isinstance(left, Unavailable) or isinstance(right, Unavailable):
        return left, right, ()
    prelude = shared_with(read_base(server), left, right)
    return without(left, prelude), without(right, prelude), prelude


def _undone(role: str, source: AnySource, side: _Side) -> SourceUndone:
    return side.alone.undone or SourceUndone(role=role, unknown=no_statements(source))


def _statements(
    legacy: AnySource, owner: AnySource, legacy_side: _Side, owner_side: _Side, coverage: Drift | Unavailable
) -> tuple[StatementMatch, ...] | Unavailable:
    if isinstance(legacy, CommandSource) or isinstance(owner, CommandSource):
        return no_statements(next(source for source in (legacy, owner) if isinstance(source, CommandSource)))
    if isinstance(coverage, Unavailable) or legacy_side.alone.snapshot is None:
        return first_unavailable(coverage, legacy_side.alone.catalog_of("the legacy SQL"))
    return with_effects(
        sources.match_statements(legacy, owner),
        coverage,
        legacy=legacy_side.alone.snapshot,
        legacy_origins=legacy_side.alone.origins,
        owner_origins=owner_side.alone.origins,
    )


def _side(
    server: shadow.ShadowServer,
    role: str,
    source: AnySource,
    other: AnySource | None,
    *,
    project: Project,
    running: ExitStack | None = None,
) -> _Side:
    """``running`` keeps the cluster, for what is applied after both sides are compared."""
    settings = project.owner if role == "owner" else project.legacy
    with ExitStack() as stack:
        cluster = (running or stack).enter_context(cluster_for(server, source))
        first = CopiedDatabase(cluster, "alone")
        alone = apply_to(
            first.conninfo,
            [source],
            roles=roles_of(cluster),
            dumped_by=server,
            watched_as=role,
            ledger=ledger_of(source, settings),
        )
        first.keep(whole=_is_whole(alone, source))
        if alone.snapshot is None:
            reason = Unavailable(reason=f"{source.name} does not apply", outcome=Outcome.ERRORED)
            why = Unavailable(reason="the owner's SQL does not apply", outcome=Outcome.ERRORED)
            ended = None if other is None else followed(alone, other)
            return _Side(alone=alone, dump=reason, twice=None, then_other=ended, probes=why, first=first)
        directus = owner_tables(project, first.conninfo) if role == "owner" else NO_SNAPSHOT
        probes = _probes(first.conninfo, project) if role == "owner" else ()
        twice = apply_to(
            first.copy("twice") or first.conninfo,
            [source],
            roles=roles_of(cluster),
            assumed_before=alone.applied.assumed_roles,
        )
        then_other = None if other is None else _then(server, first, alone, source, other)
    return _Side(
        alone=alone, dump=alone.dump, twice=twice, then_other=then_other, probes=probes, directus=directus, first=first
    )


def _is_whole(alone: Shadow, source: AnySource) -> bool:
    """Whether nothing is known to be made elsewhere than in the database, nor to be unknown."""
    if not isinstance(source, SqlSource) or alone.snapshot is None:
        return False
    return not alone.outside and not any(statement.outside for statement in source.statements)


def _then(server: shadow.ShadowServer, first: CopiedDatabase, alone: Shadow, source: AnySource, other: AnySource) -> Shadow:
    """What ``other`` makes after ``source``: on a copy of ``first``, where that is the same as starting again."""
    copy = None if isinstance(other, CommandSource) else first.copy("then_other")
    if copy is not None:
        built = apply_to(copy, [other], roles=roles_of(first.cluster), assumed_before=alone.applied.assumed_roles)
        return followed(alone, other, built)
    with cluster_for(server, source, other) as cluster:
        return build_shadow(cluster, "then_other", [source, other])[0]


def _probes(conninfo: str, project: Project) -> tuple[ProbeResult, ...] | Unavailable:
    return or_unavailable(lambda: run_probes(conninfo, project.probes, writer_role=project.writer_role))


def _repeats(*sides: tuple[str, _Side], rules: Rules) -> tuple[Convergence, ...] | Unavailable:
    found = [
        _convergence((role, role), (role,), side.twice, side.alone, rules) for role, side in sides if side.twice is not None
    ]
    if len(found) < len(sides):
        return first_unavailable(*(side.alone.catalog_of(f"the {role} SQL") for role, side in sides))
    return tuple(found)


def _orders(legacy: _Side, owner: _Side, *, rules: Rules) -> tuple[Convergence, ...]:
    histories = ((("legacy", "owner"), legacy.then_other), (("owner", "legacy"), owner.then_other))
    found = [
        _convergence(names, ("owner",), result, owner.alone, rules) for names, result in histories if result is not None
    ]
    if owner.twice is not None:
        found.insert(0, _convergence(("owner", "owner"), ("owner",), owner.twice, owner.alone, rules))
    return tuple(found)


def _convergence(
    sequence: tuple[str, ...], reference: tuple[str, ...], result: Shadow, alone: Shadow, rules: Rules
) -> Convergence:
    drift: Drift | Unavailable | None = None
    if result.snapshot is not None and alone.snapshot is not None:
        # Who creates a role that one source only uses does not follow from the order; coverage reports the missing role.
        assumed = {*alone.snapshot.assumed_roles, *result.snapshot.assumed_roles}
        left, right = (_without_roles(one, assumed) for one in (alone.snapshot, result.snapshot))
        names = (" then ".join(reference) + " alone", " then ".join(sequence))
        drift = compared(expected=(names[0], left), actual=(names[1], right), rules=rules)
    return Convergence(sequence=sequence, reference=reference, applied=result.applied, drift=drift)


def _without_roles(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    return snapshot.keeping(obj for obj in snapshot.objects if not (isinstance(obj, Role) and obj.name in names))


def no_preflight(why: Unavailable, *, server: str, sources_read: tuple[SourceFacts, ...] | None) -> PreflightFacts:
    """A pre-flight without a result, for one reason; ``server`` is for people."""
    return {
        "shadow": server,
        "sources": sources_read or why,
        "legacy_applied": why,
        "owner_applied": why,
        "legacy": why,
        "owner": why,
        "legacy_origins": {},
        "owner_origins": {},
        "no_coverage": why,
        "cross_check": why,
        "repeats": why,
        "orders": why,
        "probes": why,
        "destructions": why,
        "undone": why,
        "rows": why,
        "statements": why,
        "port": why,
        "prelude": (),
        "directus_owner": NO_SNAPSHOT,
    }
