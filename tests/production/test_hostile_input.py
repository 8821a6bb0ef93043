"""Files that somebody made to hurt: each reader gives its value or a named error, soon, and nothing else."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from fix_model import column, snapshot, table
from migration_audit.artifacts.compose.stack import read_stack
from migration_audit.artifacts.compose.variables import parse_env
from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.artifacts.documents.markdown import read_document
from migration_audit.artifacts.image.dockerfile import parse_dockerfile
from migration_audit.artifacts.manifests.libraries import read_manifests
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_state import Texts
from migration_audit.artifacts.shell.programs import run_script
from migration_audit.artifacts.text import read_text
from migration_audit.audit.demo import demo_root
from migration_audit.catalog import dump_snapshot, load_snapshot
from migration_audit.formats import ALL
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import parse_evidence
from migration_audit.model.location import Location
from migration_audit.model.strict_json import parse_json
from migration_audit.project.load import project_of
from migration_audit.signoff.decisions import read_decision
from migration_audit.signoff.openssh import read_signature
from migration_audit.sources.load import load_source

SECONDS = 40
"""Of processor time, for one input: the slowest needs 2 on an idle machine, and 6 on one that is shared. What grows with the
square of such an input needs minutes."""
ROUNDS = 60

TOKENS = (
    *(b"\0", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", "\u202e".encode(), "\u0130".encode()),
    *("А".encode(), b"../../../etc/passwd", b"&a [*a, *a]", b"<<: *a", b"!!python/object/apply:os.system [x]", b"\t"),
    *(b"'", b'"', b"$$", b"$a$", b"--", b"/*", b"*/", b"`", b"$(", b"${", b"\\", b"<<EOF\n", b"{{", b"]]", b"# ", b"<!--"),
    *(b"9" * 400, b"1e999", b"-0", b"null", b"[" * 50, b"{" * 50, b"%s%n", b"\x1b[2J", b"<script>", b"=" * 80 + b"\n"),
)
DEEP = 100_000


def deep(before: bytes, after: bytes = b"") -> bytes:
    return before * DEEP + after * DEEP


PLANTED: dict[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\0",
    "only a byte order mark": b"\xef\xbb\xbf",
    "UTF-16": "select 1;".encode("utf-16"),
    "deep lists": deep(b"[", b"]"),
    "deep objects": b'{"a":' * DEEP,
    "deep parentheses": b"select " + deep(b"(", b")") + b";",
    "deep comments": deep(b"/*", b"*/"),
    "deep blocks": b"if true; then\n" * 20_000 + b"fi\n" * 20_000,
    "deep quotes": deep(b"> ") + b"x",
    "deep YAML": b"".join(b" " * depth + b"a:\n" for depth in range(2000)),
    "an alias bomb": b"a0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
    "a merge bomb": b"a0: &a0 {k: v}\n"
    + b"".join(b"a%d: &a%d {x: *a%d, y: *a%d}\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
    "one long line": b"a" * 5_000_000,
    "many lines": b"a\n" * 30_000,
    "many quotes": b"'" * 200_001,
    "many backslashes": b"\\" * 200_001,
    "many dollars": b"$a$ " * 30_001,
    "many backticks": b"`" * 100_001,
    "many stars": b"*a " * 30_001,
    "many brackets of links": b"![" * 50_001,
    "a number that no machine has": b'{"a": ' + b"9" * 100_000 + b"}",
}


class TooSlowError(Exception):
    """An input took longer than SECONDS."""


@contextmanager
def limited() -> Iterator[None]:
    def over(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def in_a_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """A reader of a file of this name, for its content."""

    def reader(content: bytes, folder: Path) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return read(path)

    return reader


def as_text(read: Callable[[str], object]) -> Callable[[bytes, Path], object]:
    """A reader of text, which gets it as the audit reads every text."""
    return in_a_file("file", lambda path: read(read_text(path, path.parent)))


def refusing(read: Callable[[bytes], object]) -> Callable[[bytes, Path], object]:
    """A reader whose refusal is a ValueError with the reason, by its contract."""

    def reader(content: bytes, _folder: Path) -> object:
        try:
            return read(content)
        except ValueError as error:
            raise AuditError(str(error)) from None

    return reader


def of_format(name: str) -> Callable[[Path], object]:
    return lambda path: load_source("s", [path.parent], shown_from=path.parent, form=name)


def shell(text: str) -> object:
    return run_script(ShellScript(text=text, at=Location("x.sh", 1)), paths=Texts(lambda _path: None))


DEMO = demo_root()
SQL = (
    b"-- a\n-- +goose Up\ncreate table t (id int primary key, b text default 'x');\n"
    b"create function f() returns int language plpgsql as $$ begin return 1; end $$;\n\\set x 1\nselect :x;\n"
)
READERS: dict[str, tuple[Callable[[bytes, Path], object], bytes]] = {
    "audit.toml": (
        lambda content, folder: project_of(content, path=folder / "audit.toml", shown="audit.toml"),
        (DEMO / "audit.toml").read_bytes(),
    ),
    "compose": (
        in_a_file("compose.yaml", lambda path: read_stack([path], shown_from=path.parent)),
        next(DEMO.rglob("compose*.y*ml")).read_bytes(),
    ),
    ".env": (as_text(lambda text: parse_env(text, ".env", {})), b"A=1\nB='x y'\nC=${A:-2}\n"),
    "Dockerfile": (as_text(lambda text: parse_dockerfile(text, "Dockerfile")), next(DEMO.rglob("Dockerfile")).read_bytes()),
    "Directus snapshot": (
        in_a_file("schema.yaml", lambda path: read_directus_snapshot(path, shown="schema.yaml")),
        (DEMO / "directus/snapshots/schema.yaml").read_bytes(),
    ),
    "shell": (
        as_text(shell),
        b'#!/bin/sh\nset -eu\nif [ -f x ]; then psql -f a.sql; else exec node x.js "$@"; fi\nf() { echo $1; }\nf a | cat\n',
    ),
    "markdown": (
        in_a_file("x.md", lambda path: read_document(path, shown_from=path.parent)),
        next(DEMO.rglob("*.md")).read_bytes(),
    ),
    "package.json": (
        in_a_file("package.json", lambda path: read_manifests(path.parent, ["package.json"])),
        next(DEMO.rglob("package.json")).read_bytes(),
    ),
    "snapshot": (
        in_a_file("x.json", load_snapshot),
        dump_snapshot(snapshot(table(), column())),
    ),
    "evidence": (lambda content, _folder: parse_evidence(content), b'{"schema_version": 3, "checks": []}'),
    "decision": (refusing(read_decision), b'{"decision": "approve", "reviewer": "ann@example.org"}'),
    "signature": (
        refusing(read_signature),
        b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n",
    ),
    "strict JSON": (lambda content, _folder: parse_json(content, where="x"), b'{"a": [1, 2.5, "x", null, true]}'),
    **{
        f"SQL as {each.name}": (
            in_a_file("V1__first.sql", of_format(each.name)),
            SQL,
        )
        for each in ALL
    },
}


def read(name: str, content: bytes, folder: Path) -> None:
    """Fails the test for anything but a value or one of our errors, and for a reader that does not end."""
    reader, _ = READERS[name]
    try:
        with limited():
            reader(content, folder)
    except AuditError as error:
        assert str(error).strip()
    except TooSlowError:
        pytest.fail(f"{name} took more than {SECONDS} s for {len(content)} bytes: {content[:60]!r}")


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("name", READERS)
def test_planted_input(name: str, planted: str, tmp_path: Path) -> None:
    read(name, PLANTED[planted], tmp_path)


def changed(content: bytes, chosen: random.Random) -> bytes:
    """The content with a few parts taken out, doubled, changed, or with a hostile token put in."""
    data = bytearray(content)
    for _ in range(chosen.randint(1, 4)):
        at = chosen.randrange(len(data) + 1)
        end = min(len(data), at + chosen.choice((1, 3, 20, 200)))
        match chosen.randrange(5):
            case 0:
                del data[at:end]
            case 1:
                data[at:at] = data[at:end] * chosen.choice((1, 2, 50))
            case 2 if data:
                data[min(at, len(data) - 1)] = chosen.randrange(256)
            case 3:
                data[at:at] = chosen.choice(TOKENS)
            case _:
                other = chosen.randrange(len(data) + 1)
                data[other:other] = data[at:end]
    return bytes(data)


@pytest.mark.parametrize("name", READERS)
def test_changed_input(name: str, tmp_path: Path) -> None:
    _, content = READERS[name]
    chosen = random.Random(name)
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        read(name, changed(content, chosen), folder)


def test_the_unchanged_input_is_read(tmp_path: Path) -> None:
    """Else the changed one says nothing."""
    values: dict[str, Any] = {}
    for name in ("compose", "Dockerfile", "Directus snapshot", "markdown", "package.json", "snapshot", "strict JSON"):
        reader, content = READERS[name]
        folder = tmp_path / name
        folder.mkdir()
        values[name] = reader(content, folder)
    assert json.dumps(sorted(values))


TOO_LARGE = {
    "SQL": (100_000_000, lambda path: load_source("s", [path], shown_from=path.parent), "is larger than 100 MB"),
    "text": (50_000_000, lambda path: read_text(path, path.parent), "is larger than 50 MB"),
    "a Directus snapshot": (50_000_000, lambda path: read_directus_snapshot(path, shown="x"), "is larger than 50 MB"),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_file_that_is_too_large_is_refused_by_its_size(name: str, tmp_path: Path) -> None:
    size, reader, said = TOO_LARGE[name]
    path = tmp_path / "large.sql"
    with path.open("wb") as file:
        file.truncate(size + 1)
    with pytest.raises(AuditError, match=said):
        reader(path)
