"""Plain listings: the files of the sources, the environments, what is signed, the checks, the port."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Final

from markupsafe import Markup

from migration_audit.model.evidence import AppliedFile, Evidence, FileDigest, RepositoryState
from migration_audit.model.finding import Check, Excluded
from migration_audit.model.port import SavedPort
from migration_audit.model.sql import Similarity, StatementMatch
from migration_audit.project import Environment
from migration_audit.report import escape
from migration_audit.report.badges import severity_pill
from migration_audit.report.grid import LazyRows, plain_headings
from migration_audit.report.inline import NONE, PRE, IdentifierText, Inline, Text, identifier
from migration_audit.report.table import Group, ReportTable, Row, plain_table
from migration_audit.report.view import producer_text

NOT_SHOWN: Final = "not shown"
"""What a table is about that is shown instead of one that could not be made."""
_LACKING = frozenset({Similarity.DIFFERENT, Similarity.ABSENT})


def environment_table(environments: Sequence[Environment]) -> ReportTable:
    """Each environment and the name under which its connection is found; never the connection itself."""
    rows = []
    for each in environments:
        phases = Text(", ".join(phase.value for phase in each.phases))
        rows.append(Row((Text(each.name), IdentifierText(connection_name(each)), phases, Text(each.database or "any"))))
    return plain_table("Environments", ("Environment", "Connection", "Phases", "Pinned database"), rows)


def connection_name(environment: Environment) -> str:
    """The name under which the connection of an environment is found."""
    return f"variable {environment.dsn_env}" if environment.dsn_env else f"service {environment.service}"


def audit_table(facts: Sequence[tuple[str, str]]) -> ReportTable:
    """What an audit is about, in one row."""
    cells = tuple(Text(value) for _, value in facts)
    return replace(plain_table("This audit", tuple(name for name, _ in facts), [Row(cells)]), about="audit")


def scope_table(excluded: Sequence[Excluded]) -> ReportTable:
    """Each rule that leaves objects out, why, and how many; a rule that leaves out nothing is listed too."""
    rows = [Row((IdentifierText(rule.pattern), Text(rule.reason), Text(f"{rule.objects:,}"))) for rule in excluded]
    return plain_table("Out of scope, by rule", ("Rule", "Reason", "Objects"), rows)


def catalogue_table(checks: Iterable[Check]) -> ReportTable:
    """Every check with its question, how much it weighs and when it is due."""
    rows = []
    for check in checks:
        phases = Text("both" if len(check.phases) > 1 else check.phases[0].value)
        rows.append(Row((IdentifierText(check.id), Text(check.title), severity_pill(check.severity), phases)))
    return plain_table("Checks", ("Check", "Question", "Severity", "Phase"), rows)


def digest_table(evidence: Evidence, *what: str) -> ReportTable:
    """The digests of an evidence: of every SQL file and other file (``files``), and of every catalog (``catalogs``).

    Both by default. Raises ValueError for another word.
    """
    if unknown := set(what) - set(_DIGESTED):
        raise ValueError(f"{min(unknown)} is none of {', '.join(_DIGESTED)}")
    groups = [group for name in what or _DIGESTED for group in _DIGESTED[name](evidence)]
    return ReportTable(
        caption="What was audited, by digest",
        group_names=("Source",),
        headings=plain_headings("What", "SHA-256"),
        groups=tuple(groups),
        nothing="Nothing to list.",
        about="digests",
        quiet="files and catalogs, as evidence.json has them",
        prints_quiet=False,
    )


def _file_groups(evidence: Evidence) -> Iterator[Group]:
    yield from (_files(source.role, f"{source.role}: {source.name}", source.files) for source in evidence.sources)
    for label, title, files in (
        ("artifacts", "artifacts: other files of the tree", evidence.artifacts),
        ("reports", "reports of commands", evidence.reports),
    ):
        if files:
            yield _files(label, title, files)


def _catalog_groups(evidence: Evidence) -> Iterator[Group]:
    rows = tuple(Row((Text(side), IdentifierText(digest))) for side, digest in sorted(evidence.snapshots.items()))
    if rows:
        yield Group(title=Text("catalogs"), labels=("catalog",), rows=rows)


_DIGESTED: Final = {"files": _file_groups, "catalogs": _catalog_groups}


def _files(label: str, title: str, files: Iterable[AppliedFile | FileDigest]) -> Group:
    rows = tuple(Row((IdentifierText(file.path), IdentifierText(file.sha256))) for file in files)
    return Group(title=Text(title), labels=(label,), rows=rows)


def evidence_table(evidence: Evidence) -> ReportTable:
    """Where an evidence comes from: project, environment, who read it, server, commits, time."""
    facts: list[tuple[str, str]] = [(name, str(getattr(evidence, name))) for name in ("project", "environment")]
    facts += [("phase", evidence.phase.value), ("tool", evidence.tool)]
    facts += [("read at", f"{evidence.generated_at:%Y-%m-%dT%H:%M:%SZ}"), ("run by", producer_text(evidence.producer))]
    server = asdict(evidence.server) if evidence.server else {}
    facts += [(f"server: {k.replace('_', ' ')}", _words(v)) for k, v in sorted(server.items())]
    facts.append(("SQL executed on", evidence.shadow or "no server"))
    several = len(evidence.commit) > 1
    facts += [("commit" + f": {tree}" * several, commit_text(state)) for tree, state in sorted(evidence.commit.items())]
    rows = [Row((Text(name), IdentifierText(value))) for name, value in facts]
    return plain_table("Origin of the evidence", ("What", "Value"), rows)


def unavailable(reason: str, *, errored: bool) -> ReportTable:
    """In place of a table: why it cannot be shown."""
    glyph = "! could not be read" if errored else "– not checked"
    row = Row((Text(glyph, strong=True), Text(reason)), marked=True)
    return replace(plain_table("Not shown", ("Outcome", "Reason"), [row]), about=NOT_SHOWN)


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value is None else str(value)


def commit_text(state: RepositoryState) -> str:
    """The commit, whether its working tree was clean, and the remote."""
    if state.commit is None:
        return "not in a git repository"
    remote = f", {state.remote}" if state.remote else ""
    return f"{state.commit} ({'clean' if state.clean else 'with uncommitted changes'}{remote})"


def statement_table(matches: Sequence[StatementMatch]) -> ReportTable:
    """Each legacy statement with its file and line, how the owner's SQL has it, and where."""
    counts = Counter(match.similarity for match in matches)
    counted = ", ".join(f"{counts[similarity]:,} {similarity}" for similarity in Similarity if counts[similarity])
    return ReportTable(
        caption="Legacy statements in the owner's SQL",
        note=counted or None,
        group_names=("Legacy file",),
        headings=plain_headings("Line", "Statement", "In the owner's SQL", "Defined at", "Differs"),
        groups=tuple(
            Group(title=IdentifierText(path), labels=(path,), rows=LazyRows(found, _row, list(map(_is_marked, found))))
            for path, found in ((path, list(run)) for path, run in groupby(matches, key=lambda match: match.legacy.path))
        ),
        about="statements",
        quiet="statements with a counterpart in the owner's SQL",
        nothing="The legacy SQL contains no statements.",
    )


def _is_marked(match: StatementMatch) -> bool:
    return match.similarity in _LACKING or bool(match.differing)


def _row(match: StatementMatch) -> Row:
    is_marked = _is_marked(match)
    cells: tuple[Inline, ...] = (
        Text(str(match.legacy.line)),
        IdentifierText(match.text),
        Text(str(match.similarity), strong=is_marked),
        identifier(str(match.owner) if match.owner else None),
        Text(", ".join(match.differing)) if match.differing else NONE,
    )
    return Row(cells, marked=is_marked)


NOTHING = "Nothing to port: the owner covers the legacy side."

_FENCES = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True, repr=False)
class PortBlock:
    """The port for a notebook, a terminal or a report, or that there is none."""

    port: SavedPort | None

    @property
    def title(self) -> str:
        """Whether it is proven, in a sentence."""
        if self.port is None:
            return NOTHING
        if self.port.proven:
            return "✓ proven: applied to a fresh server after the owner's SQL, twice; the comparison is then covered"
        if self.port.fixes:
            return "▲ proven in part: applied twice, it has the stated effect; what is left for a person blocks"
        return "! not usable: it does not make the owner cover the legacy side, or could not be tested"

    def _repr_html_(self) -> str:
        if self.port is None:
            return str(Markup("<p>{}</p>").format(self.title))
        digest = Markup("<p>{}</p><p><small>sha256:{}</small></p>").format(self.title, self.port.sha256)
        return str(digest + Markup('<pre style="{}">{}</pre>').format(PRE, escape.html(escape.many_lines(self.port.text))))

    def markdown(self) -> str:
        """The sentence, then the text, as GitHub's Markdown."""
        if self.port is None:
            return escape.markdown(self.title)
        text = escape.many_lines(self.port.text)
        fence = "`" * max([3, *(len(run) + 1 for run in _FENCES.findall(text))])
        return f"{escape.markdown(self.title)}\n\n{fence}sql\n{text}\n{fence}"

    def __repr__(self) -> str:
        """The sentence, then the text."""
        return self.title if self.port is None else f"{self.title}\n\n{escape.many_lines(self.port.text)}"
