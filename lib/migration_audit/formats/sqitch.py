r"""Sqitch's projects: the deploy scripts of ``sqitch.plan``.

Files       The folder holds ``sqitch.conf`` and ``sqitch.plan``, or says in ``sqitch.conf`` where the plan and the scripts
            are (``top_dir``, ``plan_file``, ``deploy_dir``, ``reworked_dir``, ``extension``, also of ``engine "pg"`` and of
            its target). A change without its script is an error; a script in the deploy folder that the plan does not
            name is reported.
Order       That of the plan. A change that requires one which is not planned before it, or one of another project, or
            that conflicts with one before it, is an error. A change that is reworked has its script in ``name@tag.sql``.
Part        The whole script. Revert and verify scripts are not applied.
Session     One for each script: ``SET`` does not outlive it.
Transaction One for each statement, except between BEGIN and COMMIT of the script.
Dialect     psql's, with ON_ERROR_STOP. Variables are those of ``sqitch.conf`` (core, deploy, engine, target) and of
            ``variables`` in audit.toml; ``:registry`` is the schema of the ledger.
Ledger      sqitch.changes: by project, name, and the SHA-1 of the script. Changes of other projects are not
            judged. Two scripts with the same content are an error, as the ledger does not accept them.
Source      https://sqitch.org/docs/manual/sqitchtutorial/ and the source of App::Sqitch 1.3 to 1.6: Plan, Plan::Change,
            Target, Engine, Engine::pg
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migration_audit.formats.interface import Dialect, Format, MigrationFolder, Plan, PlannedFile, only_tree
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.formats.sqitch_plan import PlannedChange, SqitchPlan, parse_plan
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """What ``sqitch deploy`` does on an empty database. Raises SourceError for what Sqitch refuses."""
    tree = only_tree("sqitch", trees)
    config = _read_config(tree)
    if tree.find(config.plan) is None:
        where = tree.shown_path(config.plan)
        raise SourceError("the plan is missing", where=where, todo=f"name the folder that contains {NAME}, or sqitch.plan")
    found = parse_plan(tree.text(config.plan), tree.shown_path(config.plan))
    if not found.changes:
        raise SourceError("the plan lists no changes", where=tree.shown_path(config.plan), todo="add one: sqitch add")
    _check_dependencies(found, tree.shown_path(config.plan))
    files = tuple(_files(tree, config, found))
    return Plan(
        files=files,
        not_applied=tuple(_left_out(tree, config, {file.path for file in files})),
        variables=config.variables,
        notes=config.notes,
    )


def _check_dependencies(found: SqitchPlan, shown: str) -> None:
    """What an empty database does not have, and what must not be there already."""
    places = {change.name: number for number, change in reversed(list(enumerate(found.changes)))}
    for number, change in enumerate(found.changes):
        for each in change.dependencies:
            where = f"{shown}:{change.line}"
            is_local = each.project in {None, found.project}
            if each.id is not None or (not is_local and not each.conflicts):
                what = f"{change.name} requires {each.text}, which is not in this plan"
                if not each.conflicts:
                    todo = "deploy that project's changes first: name the scripts of both in their order, as plain files"
                    raise SourceError(what, where=where, todo=todo)
            elif is_local and each.conflicts:
                place = places.get(each.change or "")
                if place is None and each.tag is None:
                    what = f"{change.name} conflicts with {each.text[1:]}, which is not in the plan"
                    raise SourceError(what, where=where, todo="correct the plan: Sqitch rejects it too")
                if place is not None and place < number:
                    what = f"{change.name} conflicts with {each.change}, which is deployed before it"
                    raise SourceError(what, where=where, todo="correct the plan: Sqitch rejects it too")


def _files(tree: MigrationFolder, config: _Config, found: SqitchPlan) -> Iterator[PlannedFile]:
    hashes: dict[str, str] = {}
    for change in found.changes:
        path = _script(tree, config, change)
        where = f"{tree.shown_path(config.plan)}:{change.line}"
        content = tree.find(path)
        if content is None:
            what = f"the script {tree.shown_path(path)} of the change {change.name} does not exist"
            raise SourceError(what, where=where, todo="write it, or remove the change from the plan")
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if digest in hashes:
            what = (
                f"{tree.shown_path(path)} has the same content as "
                f"{tree.shown_path(hashes[digest])}: the ledger accepts it only once"
            )
            raise SourceError(what, where=where, todo="change one of them, for example in a comment")
        hashes[digest] = path
        tag = f"@{change.rework_tags[0]}" if change.rework_tags else ""
        yield PlannedFile(
            path=path,
            text=content,
            transaction=TransactionMode.NONE,
            entry=f"{found.project}:{change.name}{tag}",
            checksum=digest,
        )


def _script(tree: MigrationFolder, config: _Config, change: PlannedChange) -> str:
    """The script of a change; of a reworked one, the first that is there of those that its tags name."""
    folder = config.reworked_deploy if change.rework_tags else config.deploy
    names = [f"{change.name}@{tag}" for tag in change.rework_tags] or [change.name]
    paths = ["/".join(filter(None, [folder, f"{name}.{config.extension}"])) for name in names]
    return next((path for path in paths if tree.find(path) is not None), paths[0])


def _left_out(tree: MigrationFolder, config: _Config, applied: set[str]) -> Iterator[NotApplied]:
    for path in tree.paths:
        if path in applied or not path.endswith(f".{config.extension}"):
            continue
        folder = next((each for each in config.others if path.startswith(f"{each}/")), None)
        if folder is not None:
            yield NotApplied(path=tree.shown_path(path), reason=f"{folder.rsplit('/', 1)[-1]} script")
        elif path.startswith((f"{config.deploy}/", f"{config.reworked_deploy}/")):
            yield NotApplied(path=tree.shown_path(path), reason="it is not in the plan", by_rule=False)


def _read_changes(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """The first row of a name is its first change in the plan, the second one its first rework."""
    waiting: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        waiting.setdefault((row["project"] or "", row["change"] or ""), []).append(row)
    verdicts = []
    for entry in entries:
        project, _, name = entry.name.partition(":")
        of_name = waiting.get((project, name.partition("@")[0]), [])
        verdicts.append(_verdict(entry, of_name.pop(0) if of_name else None))
    beyond = tuple(change for (_, change), left in waiting.items() if left)
    return LedgerReading(verdicts=tuple(verdicts), beyond=tuple(dict.fromkeys(beyond)))


def _verdict(entry: LedgerEntry, row: Row | None) -> EntryVerdict:
    if row is None:
        return EntryVerdict(entry, EntryState.ABSENT, "no row of sqitch.changes has its project and name")
    recorded = row["script_hash"]
    if recorded and entry.checksum and recorded != entry.checksum:
        why = "it was deployed with a different script"
        return EntryVerdict(entry, EntryState.CHANGED, why, recorded)
    return EntryVerdict(entry, EntryState.APPLIED)


def recognise(tree: MigrationFolder) -> str | None:
    """A plan in the folder, or where its ``sqitch.conf`` says, names the format."""
    try:
        plan_file = _read_config(tree).plan
    except SourceError:
        return None
    return f"{tree.shown_path(plan_file)} is a Sqitch plan" if plan_file in tree.paths else None


FORMAT = Format(
    name="sqitch",
    runner="Sqitch",
    plan=plan,
    recognise=recognise,
    session=SessionScope.FILE,
    dialect=Dialect.PSQL,
    runs_in_folder=True,
    ledger=LedgerFormat(
        table="sqitch.changes",
        columns=("change_id", "script_hash", "change", "project", "committed_at"),
        reader=_read_changes,
        name_column="change",
        checksum_column="script_hash",
        order=("committed_at",),
        companions=("schema sqitch",),
    ),
    tested_against="Sqitch 1.5.2",
)


NAME = "sqitch.conf"
_LEVELS = 4
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*')
_PAIR = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}
_LIKE_POSTGRES = frozenset({"pg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """``sqitch.conf``, written as Git's configuration is; that of the user or the system is not seen. Paths are relative."""

    plan: str = "sqitch.plan"
    deploy: str = "deploy"
    reworked_deploy: str = "deploy"
    others: tuple[str, ...] = ("revert", "verify")
    """The folders of revert and verify scripts."""
    extension: str = "sql"
    variables: Mapping[str, str] = field(default_factory=lambda: {"registry": "sqitch"})
    notes: tuple[str, ...] = ()


def _read_config(tree: MigrationFolder) -> _Config:
    """The settings for PostgreSQL. Raises SourceError for another engine, and where the file is not the folder's own."""
    content = tree.find(NAME)
    if content is None and tree.nearest(NAME, levels=_LEVELS) is not None:
        what = f"{NAME} is in a parent folder, and its paths are relative to that folder"
        raise SourceError(what, where=tree.shown or ".", todo=f"name the folder that contains {NAME}")
    if content is None:
        return _Config()
    shown = tree.shown_path(NAME)
    sections = _parse(content.decode("utf-8-sig", errors="replace"), shown)
    core = sections.get("core", {})
    engine = core.get("engine", "pg").strip()
    if engine not in _LIKE_POSTGRES:
        raise SourceError(f"the engine is {engine}", where=f"{shown}:1", todo="name the folder of a project for pg")
    target = core.get("target") or sections.get("engine.pg", {}).get("target") or "db:pg:"
    layers = (sections.get(f"target.{target}", {}), sections.get("engine.pg", {}), core)

    def value(key: str) -> str | None:
        return next((layer[key] for layer in layers if layer.get(key)), None)

    top = value("top_dir") or "."
    reworked = value("reworked_dir") or top
    sets = ("core.variables", "deploy.variables", "engine.pg.variables", f"target.{target}.variables")
    variables = {name: text for each in sets for name, text in sections.get(f"{each}!", {}).items()}
    verifies = sections.get("deploy", {}).get("verify", "false").lower() in {"true", "yes", "on", "1"}
    return _Config(
        plan=_path(value("plan_file") or f"{top}/sqitch.plan"),
        deploy=_path(value("deploy_dir") or f"{top}/deploy"),
        reworked_deploy=_path(value("reworked_deploy_dir") or f"{reworked}/deploy"),
        others=tuple(_path(value(f"{kind}_dir") or f"{top}/{kind}") for kind in ("revert", "verify")),
        extension=value("extension") or "sql",
        variables={"registry": value("registry") or "sqitch", **variables},
        notes=("verify scripts run after each change (deploy.verify): they are not applied here",) if verifies else (),
    )


def _path(text: str) -> str:
    """A path below the folder, without dots.

    >>> _path("./db//deploy/"), _path("deploy")
    ('db/deploy', 'deploy')
    """
    parts: list[str] = []
    for part in text.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _parse(text: str, shown: str) -> dict[str, dict[str, str]]:
    """Values by section (``engine.pg``) and key in small letters; ``section!`` has the keys as they are written."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    lines = enumerate(text.splitlines(), 1)
    for number, raw in lines:
        line = raw.strip()
        match = _SECTION.match(line)
        if match is not None:
            section = match[1].lower() + (f".{match[2]}" if match[2] is not None else "")
            line = line[match.end() :]
        if not line or line[0] in "#;":
            continue
        while line.endswith("\\"):
            line = line[:-1] + next(lines, (0, ""))[1].rstrip()
        pair = _PAIR.fullmatch(line)
        if pair is None or not section:
            raise SourceError("not a setting", where=f"{shown}:{number}", todo="correct the file: Sqitch rejects it too")
        value = "true" if pair[2] is None else _unquoted(pair[2])
        found.setdefault(section, {})[pair[1].lower()] = value
        found.setdefault(f"{section}!", {})[pair[1]] = value
    return found


def _unquoted(text: str) -> str:
    """Without quotes, comments and escapes."""
    out: list[str] = []
    quoted, at = False, 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            at += 1
            out.append(_ESCAPES.get(text[at], text[at]))
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        at += 1
    return "".join(out).strip() if not text.strip().startswith('"') else "".join(out).rstrip()
