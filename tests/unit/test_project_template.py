"""The file that ``init`` writes is the documentation of audit.toml: whole, true, and valid as it is."""

import dataclasses
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fix_audit_toml import ANY_NAME, documented_keys
from migration_audit import model
from migration_audit.compare.rules import DEFAULT_WEIGHTS
from migration_audit.model.errors import UsageError
from migration_audit.model.objects import CatalogObject
from migration_audit.project import Environment, LedgerSettings, load_project, template, write_template
from migration_audit.project.scope import RULES, object_kinds
from migration_audit.project.settings import SCHEMA
from migration_audit.shadow.select import NAMES

# A key that may be left out stands behind # without a space; prose has a space.
UNCOMMENTED = re.sub(r"(?m)^#(?=[\[\w])", "", template())
# A key that replaces another one stands behind #|.
INSTEAD = "\n" + "\n".join(
    line.removeprefix("#|") for line in template().splitlines() if re.match(r"#\||\[(?:legacy|owner)\]", line)
)

DOCUMENTED = frozenset(documented_keys(SCHEMA))


def keys_of(value: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The full name of each key of a document, in the words of the schema."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield from keys_of(item, path)
    for name, item in value.items() if isinstance(value, dict) else ():
        here = (*path, ANY_NAME if path[-1:] in {("environments",), ("repository",)} else name)
        is_table = isinstance(item, dict) or (isinstance(item, list) and any(isinstance(i, dict) for i in item))
        if is_table and ".".join(here) not in DOCUMENTED:  # some keys take a table of the user's own names
            yield from keys_of(item, here)
        else:
            yield ".".join(here)


def test_it_loads_as_it_is_written(tmp_path: Path) -> None:
    project = load_project(write_template(tmp_path))
    assert project.name == "my-project"
    assert [environment.name for environment in project.environments] == ["stage"]


def test_it_loads_with_every_key(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(UNCOMMENTED)
    assert len(load_project(tmp_path / "audit.toml").hypertables) == 2


def test_every_key_is_documented_and_every_documented_key_exists() -> None:
    reported = {*keys_of(tomllib.loads(UNCOMMENTED)), *keys_of(tomllib.loads(INSTEAD))}
    assert reported == set(documented_keys(SCHEMA))


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("legacy", ("command", "directory", "env", "files", "timeout")),
        ("legacy", ("snapshot",)),
        ("legacy", ("dsn_env",)),
        ("owner", ("command", "directory", "env", "files", "timeout")),
    ],
)
def test_the_keys_that_replace_sql_load(tmp_path: Path, table: str, keys: tuple[str, ...]) -> None:
    instead = [line for text in (INSTEAD, UNCOMMENTED) for line in text[text.index(f"\n[{table}]") :].splitlines()[2:]]
    chosen = [next(line for line in instead if line.startswith(f"{key} = ")) for key in keys]
    head, _, tail = template().partition(f"[{table}]\n")
    tail = re.sub(r"(?m)^sql = .*$", "\n".join(chosen), tail, count=1)
    (tmp_path / "audit.toml").write_text(f"{head}[{table}]\n{tail}")
    source = getattr(load_project(tmp_path / "audit.toml"), table)
    assert source.sql == ()
    assert getattr(source, keys[0])


def test_the_defaults_that_it_tells_are_the_defaults() -> None:
    reported = tomllib.loads(UNCOMMENTED)
    fields = {field.name: field.default for field in dataclasses.fields(Environment)}
    assert reported["environments"]["stage"]["statement_timeout"] == fields["statement_timeout"]
    assert reported["environments"]["stage"]["phases"] == list(fields["phases"])
    assert (
        reported["owner"]["ledger"]["name_format"]
        == {f.name: f.default for f in dataclasses.fields(LedgerSettings)}["name_format"]
    )
    assert reported["rules"] == {rule: weight.value for rule, weight in DEFAULT_WEIGHTS.items()}


def test_the_rules_are_those_of_the_comparison() -> None:
    assert set(RULES) == set(DEFAULT_WEIGHTS)


@pytest.mark.parametrize("provider", NAMES)
def test_every_provider_of_a_server_can_be_named(tmp_path: Path, provider: str) -> None:
    (tmp_path / "audit.toml").write_text(UNCOMMENTED.replace('provider = "debian"', f'provider = "{provider}"'))
    assert load_project(tmp_path / "audit.toml").provider == provider


def test_the_kinds_are_those_of_the_model() -> None:
    for module in pkgutil.iter_modules(model.__path__):
        importlib.import_module(f"{model.__name__}.{module.name}")
    known = [
        each for each in subclasses(CatalogObject) if each.__module__.startswith(model.__name__) and "kind" in vars(each)
    ]
    assert len(known) > 50
    assert object_kinds() == tuple(sorted({each.kind for each in known}))


def subclasses(cls: type[CatalogObject]) -> Iterator[type[CatalogObject]]:
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


class TestWriting:
    def test_it_makes_the_folder(self, tmp_path: Path) -> None:
        path = write_template(tmp_path / "new" / "folder")
        assert path == tmp_path / "new" / "folder" / "audit.toml"
        assert path.read_text("utf-8") == template()

    def test_it_never_overwrites(self, tmp_path: Path) -> None:
        (tmp_path / "audit.toml").write_text("mine")
        with pytest.raises(UsageError, match=r"audit\.toml: already exists"):
            write_template(tmp_path)
        assert (tmp_path / "audit.toml").read_text() == "mine"

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        with pytest.raises(UsageError, match="file: already exists"):
            write_template(tmp_path / "file")
        assert (tmp_path / "file").read_text() == "mine"

    def test_a_folder_that_cannot_be_made(self) -> None:
        with pytest.raises(UsageError, match="cannot be written"):
            write_template(Path("/proc/nowhere"))
