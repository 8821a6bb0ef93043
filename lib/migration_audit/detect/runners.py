"""Runners whose migrations are no SQL files: they are called, and migrate the shadow themselves."""

from __future__ import annotations

import glob
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Final

from migration_audit.artifacts.text import word_list
from migration_audit.detect.candidate import Candidate
from migration_audit.detect.libraries import libraries
from migration_audit.detect.listing import Listing, is_for_tests, is_within

_LOCKS: Final = word_list(
    "package.json package-lock.json pnpm-lock.yaml yarn.lock pyproject.toml poetry.lock uv.lock requirements.txt "
    "Gemfile.lock composer.lock mix.lock Cargo.lock"
)

_READS: Final = re.compile(
    r"""(?:process\.env\.|Deno\.env\.get\(["']|import\.meta\.env\.)([A-Z][A-Z0-9_]*)"""
    r"""|(?:process\.env|os\.environ|ENV)\[["']([A-Z][A-Z0-9_]*)["']\]"""
    r"""|(?:os\.environ\.get|os\.getenv|getenv|env|config|ENV\.fetch|System\.get_env|System\.fetch_env!)\(\s*["']([A-Z][A-Z0-9_]*)["']""",
)
_BY_DEFAULT: Final = re.compile(r"\bdj_database_url\.config\(\s*(?:\)|default)|\benv\.db\(\s*(?:\)|default)")
"""Django's helpers that read DATABASE_URL without naming it."""
_URL_NAME: Final = re.compile(
    r"(?:.*_)?(?:DATABASE|DB|PG|POSTGRES(?:QL)?|SQL|SQLALCHEMY_DATABASE|CONNECTION)_?(?:URL|URI|DSN|STRING)"
)
_PART_NAMES: Final = {
    "host": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?HOST(?:NAME)?"),
    "port": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?PORT"),
    "user": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?USER(?:NAME)?"),
    "password": re.compile(r"(?:.*_)?(?:DB|DATABASE|PG|POSTGRES(?:QL)?|SQL)_?PASS(?:WORD|WD)?"),
    "database": re.compile(r"(?:.*_)?(?:(?:DB|DATABASE|POSTGRES(?:QL)?|SQL)_?(?:NAME|DB|DATABASE)|PGDATABASE)"),
}


@dataclass(frozen=True, slots=True)
class Runner:
    """One runner: the file that configures it, how it is called, and where its migrations are.

    Paths count from the folder of the configuration, where the runner is called.
    """

    name: str
    config: str
    """Globs of the name of the file that says that it is used, with blanks between them."""
    command: str
    """``{config}`` is replaced by the configuration's name."""
    folder: str
    """Where the migrations are, if the configuration does not say: a regular expression for the whole path."""
    suffix: str
    """How their names end: a regular expression."""
    ledger: str | None = None
    """The name of its ledger in ``formats.LEDGERS``."""
    _: KW_ONLY
    named: str | None = None
    """How the configuration names the folder of the migrations: a regular expression."""
    below: str = ""
    """What follows the folder that it names."""
    library: str | None = None
    """A manifest must name it."""
    holds: str | None = None
    """What the configuration must hold."""
    reads: str | None = None
    """Other files that may read the connection: a regular expression for the whole path."""


def _quoted(key: str) -> str:
    return rf"""\b{key}['"]?\s*[:=]\s*['"]([^'"]+)['"]"""


_JS: Final = r"\.[cm]?[jt]s"
_ANY_MIGRATIONS: Final = "(?:.+/)?migrations"

RUNNERS: Final = (
    Runner(
        "knex",
        "knexfile.*",
        "npx knex migrate:latest --knexfile {config}",
        folder="migrations",
        suffix=_JS,
        named=_quoted("directory"),
        ledger="knex",
    ),
    Runner(
        "Alembic",
        "alembic.ini",
        "alembic upgrade head",
        folder="alembic/versions",
        suffix=r"\.py",
        ledger="alembic",
        named=r"(?m)^\s*script_location\s*=\s*(?:%\(here\)s/)?(\S+)",
        below="/versions",
        reads=r"(?:.+/)?env\.py",
    ),
    Runner(
        "Django",
        "manage.py",
        "python manage.py migrate --noinput",
        folder=_ANY_MIGRATIONS,
        suffix=r"\d\w*\.py",
        ledger="django",
        holds="DJANGO_SETTINGS_MODULE",
        reads=r"(?:.+/)?settings(?:\.py|/\w+\.py)",
    ),
    Runner(
        "TypeORM",
        "*.ts *.js",
        "npx typeorm-ts-node-commonjs migration:run -d {config}",
        folder="(?:.+/)?migrations?",
        suffix=_JS,
        library="typeorm",
        holds="new DataSource(",
        ledger="typeorm",
    ),
    Runner(
        "Drizzle",
        "drizzle.config.*",
        "npx drizzle-kit migrate --config {config}",
        folder="drizzle",
        suffix=r"\.sql",
        ledger="drizzle",
        named=_quoted("out"),
    ),
    Runner("Sequelize", ".sequelizerc", "npx sequelize-cli db:migrate", _ANY_MIGRATIONS, _JS, reads="(?:.+/)?config/.+"),
    Runner("MikroORM", "mikro-orm.config.*", "npx mikro-orm migration:up", _ANY_MIGRATIONS, _JS),
    Runner(
        "node-pg-migrate",
        "package.json",
        "npx node-pg-migrate up",
        folder="migrations",
        suffix=_JS,
        ledger="node-pg-migrate",
        library="node-pg-migrate",
    ),
    Runner("Rails", "Rakefile", "bin/rails db:migrate", "db/migrate", r"\.rb", reads=r"config/database\.yml"),
    Runner(
        "Laravel", "artisan", "php artisan migrate --force", "database/migrations", r"\.php", reads=r"config/database\.php"
    ),
    Runner(
        "Ecto", "mix.exs", "mix ecto.migrate", r"(?:.+/)?priv/\w+/migrations", r"\.exs", reads=r"(?:.+/)?config/\w+\.exs"
    ),
    Runner("Diesel", "diesel.toml", "diesel migration run", "migrations/[^/]+", r"up\.sql"),
    Runner("yoyo", "yoyo.ini", "yoyo apply --batch", "migrations", r"\.(?:py|sql)", "yoyo"),
)
"""Runners that are known by a file of their configuration. Where migrations lie by default, their documentation says."""


def commands(listing: Listing) -> list[Candidate]:
    """A candidate for each runner that a project configures and has migrations for."""
    return [
        found
        for runner in RUNNERS
        for path in listing.named(*runner.config.split())
        for found in _found(listing, runner, path)
    ]


def _found(listing: Listing, runner: Runner, config: str) -> Iterator[Candidate]:
    root, project = posixpath.dirname(config) or ".", listing.project_of(config)
    if runner.holds and runner.holds not in listing.text(config):
        return
    if runner.library:
        if not libraries(listing, project, (runner.library,)):
            return
        root = project  # it is called where the library is installed
    below = [path if root == "." else path[len(root) + 1 :] for path in listing.paths if is_within(path, root)]
    migrations = list(_migrations(below, runner, _folder(listing, runner, config)))
    if not migrations:
        return
    reads = [_joined(root, path) for path in below if runner.reads and re.fullmatch(runner.reads, path)]
    env, env_from, doubt = _connection(listing, [config, *reads])
    name = posixpath.relpath(config, root)
    yield Candidate(
        folder=_joined(root, posixpath.commonpath([posixpath.dirname(path) for path in migrations]) or "."),
        project=project,
        why=f"{config} is {runner.name}'s, and {_joined(root, migrations[0])} one of its migrations",
        command=tuple(word.replace("{config}", name) for word in runner.command.split()),
        root=root,
        ledger=runner.ledger,
        env=env,
        env_from=env_from,
        files=tuple(dict.fromkeys([_pattern(migrations), name, *(lock for lock in _LOCKS if lock in below)])),
        taken=frozenset(_joined(root, path) for path in migrations),
        doubts=(f"{config}: {doubt}",) if doubt else (),
    )


def _migrations(paths: Sequence[str], runner: Runner, folder: str) -> Iterator[str]:
    """The runner's migrations among these files: in a folder that fits the pattern, by the ending of their names."""
    where, is_one = re.compile(folder), re.compile(f".*{runner.suffix}")
    for path in paths:
        within, name = posixpath.split(path)
        if where.fullmatch(within) and is_one.fullmatch(name) and name != "__init__.py" and not is_for_tests(path):
            yield path


def _connection(listing: Listing, paths: Iterable[str]) -> tuple[tuple[tuple[str, str], ...], str | None, str | None]:
    """The ``env`` of a command that reads these files, the file that says so, and what is left to decide of it.

    One variable for the whole address, or one for each part of it; where several could be meant, none is taken.
    """
    read = {path: sorted(_variables(listing.text(path))) for path in paths}
    urls = {name: path for path, names in read.items() for name in names if _URL_NAME.fullmatch(name)}
    if len(urls) == 1:
        ((name, path),) = urls.items()
        return ((name, "{url}"),), path, None
    parts = {
        part: {name: path for path, names in read.items() for name in names if pattern.fullmatch(name)}
        for part, pattern in _PART_NAMES.items()
    }
    if not urls and all(len(parts[part]) == 1 for part in ("host", "user", "password", "database")):
        given = [(name, f"{{{part}}}", path) for part, names in parts.items() for name, path in names.items()]
        if len(parts["port"]) <= 1:
            return tuple((name, value) for name, value, _ in given), given[0][2], None
    names = [*urls, *(name for found in parts.values() for name in found)]
    shown = ", ".join(read) or "no file"
    if names:
        return (), None, f"which of {', '.join(dict.fromkeys(names))} ({shown}) contains the address of the database?"
    return (), None, f"how does it get the address of the database? {shown} does not name a variable for it"


def _variables(text: str) -> set[str]:
    named = {name for match in _READS.findall(text) for name in match if name}
    return named | {"DATABASE_URL"} if _BY_DEFAULT.search(text) else named


def _folder(listing: Listing, runner: Runner, config: str) -> str:
    """Where the migrations are: as the configuration says, else where the runner looks by itself."""
    named = set(re.findall(runner.named, listing.text(config))) if runner.named else set()
    if len(named) != 1:
        return runner.folder
    folder: str = named.pop()
    return re.escape(posixpath.normpath(folder)) + runner.below


def _pattern(migrations: list[str]) -> str:
    """A glob for all of them."""
    folders = {posixpath.dirname(path) for path in migrations}
    suffix = posixpath.splitext(migrations[0])[1]
    if len(folders) == 1:
        return f"{glob.escape(folders.pop())}/*{suffix}"
    names = {posixpath.basename(folder) for folder in folders}
    if len(names) == 1:
        return f"**/{glob.escape(names.pop())}/*{suffix}"
    top = posixpath.commonpath(list(folders))
    return f"{glob.escape(top)}/**/*{suffix}" if top else f"**/*{suffix}"


def _joined(root: str, path: str) -> str:
    return path if root == "." else root if path == "." else f"{root}/{path}"
