"""The members of extensions in full, with what hangs on them: a snapshot has an extension's version and privileges alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from migration_audit.model.identifiers import quoted

Key = tuple[str, int, int, int, int]
"""Which part, of which class, OID and column; a number of its own, where there may be several of it."""

_MEMBERS: Final = """
    select cat.relname, dep.classid::pg_catalog.int8, dep.objid::pg_catalog.int8, ext.extname,
           ext.xmin::text, ext.cmin::text, dep.xmin::text, dep.cmin::text
      from pg_catalog.pg_depend as dep
      join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
      join pg_catalog.pg_class as cat on cat.oid = dep.classid
     where dep.deptype = 'e' and dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and dep.objsubid = 0
"""
_INDEXES: Final = (
    "select indexrelid::pg_catalog.int8, indrelid::pg_catalog.int8 from pg_catalog.pg_index where indrelid = any (%s)"
)
_RELATION: Final = """
    pg_catalog.jsonb_build_array(
        one.relname, one.relnamespace, one.reloftype, one.relowner, one.relam, one.reltablespace, one.relpersistence,
        one.relkind, one.relrowsecurity, one.relforcerowsecurity, one.relreplident, one.reloptions, one.relispartition,
        one.relpartbound::text
    )
"""
"""Without what the server derives or measures: relhastriggers, relhasindex, reltuples, …"""


@dataclass(frozen=True, slots=True)
class _Catalog:
    """Where a kind of part is written; privileges are left out, as they are compared."""

    name: str
    of: str
    """The catalog whose member it is, or hangs on."""
    member: str = "oid"
    """The column with the OID of that."""
    part: str = ""
    sub: str = "0"
    own: str = "0"
    is_object: bool = True
    """Whether it has an OID by which the server names it; the others are named by what they hang on."""
    without: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    """Columns, with their type, whose text depends on the session: of a regproc, on search_path."""
    state: str = ""
    only: str = "true"

    @property
    def versions(self) -> str:
        """The versions of the rows that ``query`` reads of all members."""
        oid = "one.oid" if self.is_object else "0::pg_catalog.oid"
        of = "with_index" if self.name in _OF_INDEXES else "member"
        return f"""
            select {oid} as oid, one.tableoid, one.ctid, one.xmin, one.cmin from pg_catalog.{self.name} as one
             where one.{self.member}::pg_catalog.oid in (
                       select objid from {of} where classid = 'pg_catalog.{self.of}'::pg_catalog.regclass
                   )
        """  # noqa: S608 - constants

    @property
    def query(self) -> bytes:
        """All of it that hangs on members with the OIDs that are given."""
        without = ", ".join(f"'{name}'" for name in (*self.without, *(name.partition(":")[0] for name in self.exact)))
        exact = ", ".join(f"one.{name}" for name in self.exact)
        state = self.state or f"pg_catalog.to_jsonb(one) - array[{without}]::pg_catalog.text[]"
        state += f" || pg_catalog.jsonb_build_array({exact})" if exact else ""
        place, oid = "one.tableoid", "one.oid"
        if not self.is_object:
            place, oid = f"'pg_catalog.{self.of}'::pg_catalog.regclass", f"one.{self.member}"
        return f"""
            select {place}::pg_catalog.int8, {oid}::pg_catalog.oid::pg_catalog.int8, {self.sub},
                   ({self.own})::pg_catalog.int8,
                   one.{self.member}::pg_catalog.oid::pg_catalog.int8, pg_catalog.hashtextextended(({state})::text, 0),
                   one.xmin::text, one.cmin::text
              from pg_catalog.{self.name} as one
             where one.{self.member} = any (%s) and {self.only}
        """.encode()  # noqa: S608 - constants


_OWN_TRIGGERS: Final = """
    (not one.tgisinternal or exists (
        select from pg_catalog.pg_constraint as con where con.oid = one.tgconstraint and con.conrelid = one.tgrelid
    ))
"""
"""Those of a foreign key of a user's table are that table's."""
_TYPE: Final = ("input", "output", "receive", "send", "modin", "modout", "analyze")
_AGGREGATE: Final = ("trans", "final", "combine", "serial", "deserial", "mtrans", "minvtrans", "mfinal")

_OF_INDEXES: Final = frozenset({"pg_class", "pg_index", "pg_attribute"})
"""Read of the indexes of members as well."""


def _procs(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}::pg_catalog.oid" for name in names)


_CATALOGS: Final = (
    _Catalog("pg_class", "pg_class", state=_RELATION),
    _Catalog("pg_attribute", "pg_class", "attrelid", sub="one.attnum", is_object=False, only="one.attnum > 0",
             without=("attacl", "attcacheoff", "attmissingval")),
    _Catalog("pg_attrdef", "pg_class", "adrelid", "the default of ", sub="one.adnum", is_object=False, without=("oid",)),
    _Catalog("pg_index", "pg_class", "indexrelid", "the definition of ", is_object=False, without=("indcheckxmin",)),
    _Catalog("pg_constraint", "pg_class", "conrelid"),
    _Catalog("pg_constraint", "pg_type", "contypid"),
    _Catalog("pg_trigger", "pg_class", "tgrelid", without=("tgargs",), only=_OWN_TRIGGERS),
    _Catalog("pg_rewrite", "pg_class", "ev_class"),
    _Catalog("pg_policy", "pg_class", "polrelid"),
    _Catalog("pg_statistic_ext", "pg_class", "stxrelid"),
    _Catalog("pg_inherits", "pg_class", "inhrelid", "a parent of ", own="one.inhparent", is_object=False),
    _Catalog("pg_sequence", "pg_class", "seqrelid", "the numbers of ", is_object=False),
    _Catalog("pg_foreign_table", "pg_class", "ftrelid", "the options of ", is_object=False),
    _Catalog("pg_aggregate", "pg_proc", "aggfnoid", "the definition of ", is_object=False,
             exact=_procs("aggfnoid", *(f"agg{name}fn" for name in _AGGREGATE))),
    _Catalog("pg_enum", "pg_type", "enumtypid", "a label of ", own="one.oid", is_object=False),
    _Catalog("pg_amop", "pg_opfamily", "amopfamily"),
    _Catalog("pg_amproc", "pg_opfamily", "amprocfamily", exact=_procs("amproc")),
    _Catalog("pg_ts_config_map", "pg_ts_config", "mapcfg", "a mapping of ", own="one.maptokentype * 1000 + one.mapseqno",
             is_object=False),
    _Catalog("pg_proc", "pg_proc", without=("proacl",), exact=_procs("prosupport")),
    _Catalog("pg_type", "pg_type", without=("typacl",), exact=_procs("typsubscript", *(f"typ{name}" for name in _TYPE))),
    _Catalog("pg_namespace", "pg_namespace", without=("nspacl",)),
    _Catalog("pg_language", "pg_language", without=("lanacl",)),
    _Catalog("pg_foreign_data_wrapper", "pg_foreign_data_wrapper", without=("fdwacl",)),
    _Catalog("pg_foreign_server", "pg_foreign_server", without=("srvacl",)),
    _Catalog("pg_operator", "pg_operator", exact=_procs("oprcode", "oprrest", "oprjoin")),
    _Catalog("pg_am", "pg_am", exact=_procs("amhandler")),
    _Catalog("pg_conversion", "pg_conversion", exact=_procs("conproc")),
    _Catalog("pg_transform", "pg_transform", exact=_procs("trffromsql", "trftosql")),
    _Catalog("pg_ts_parser", "pg_ts_parser", exact=_procs("prsstart", "prstoken", "prsend", "prsheadline", "prslextype")),
    _Catalog("pg_ts_template", "pg_ts_template", exact=_procs("tmplinit", "tmpllexize")),
    *(
        _Catalog(f"pg_{name}", f"pg_{name}")
        for name in ("cast", "opclass", "opfamily", "collation", "ts_config", "ts_dict", "event_trigger")
    ),
)  # fmt: skip
_TEXTS: Final = (
    ("the comment on ", """
        select classoid::pg_catalog.int8, objoid::pg_catalog.int8, objsubid, 0,
               pg_catalog.hashtextextended(description, 0), xmin::text, cmin::text
          from pg_catalog.pg_description where objoid = any (%s)
    """),
    ("the security label of ", """
        select classoid::pg_catalog.int8, objoid::pg_catalog.int8, objsubid, pg_catalog.hashtext(provider),
               pg_catalog.hashtextextended(label, 0), xmin::text, cmin::text
          from pg_catalog.pg_seclabel where objoid = any (%s)
    """),
)  # fmt: skip
_NAME: Final = """
    select coalesce(par.type || ' ' || par.identity, mem.type || ' ' || mem.identity, 'what is dropped')
      from pg_catalog.pg_identify_object(%s::pg_catalog.oid, %s::pg_catalog.oid, %s) as par
     cross join pg_catalog.pg_identify_object(%s::pg_catalog.oid, %s::pg_catalog.oid, 0) as mem
"""
_NAMES: Final = """
    select coalesce(rel.relname, pro.proname, typ.typname)
      from pg_catalog.pg_depend as dep
      left join pg_catalog.pg_class as rel on rel.oid = dep.objid and rel.tableoid = dep.classid
      left join pg_catalog.pg_proc as pro on pro.oid = dep.objid and pro.tableoid = dep.classid
      left join pg_catalog.pg_type as typ on typ.oid = dep.objid and typ.tableoid = dep.classid
     where dep.deptype = 'e'
     union
    select rel.relname
      from pg_catalog.pg_depend as dep
      join pg_catalog.pg_index as ind on ind.indrelid = dep.objid
      join pg_catalog.pg_class as rel on rel.oid = ind.indexrelid and rel.tableoid = dep.classid
     where dep.deptype = 'e'
"""
_MEMBER: Final = "member"
_FEW: Final = 100
"""Parts that are read as fast as it can be asked whether they changed: PL/pgSQL alone has a dozen."""


@dataclass(frozen=True, slots=True)
class Part:
    """A member, or something that hangs on it: its column, its comment."""

    member: tuple[int, int]
    extension: str
    state: int
    """A digest of its row."""
    written: tuple[int, int]
    """``xmin`` and ``cmin`` of its row."""
    created_by: tuple[int, int]
    """The same of the extension's."""


_ROWS: Final = """
    with dep as materialized (
        select classid, objid, 0::pg_catalog.oid as oid, tableoid, ctid, xmin, cmin from pg_catalog.pg_depend
         where deptype = 'e' and refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and objsubid = 0
    ), member as materialized (
        select distinct classid, objid from dep
    ), with_index as materialized (
        select classid, objid from member
         union
        select member.classid, ind.indexrelid
          from member
          join pg_catalog.pg_index as ind on ind.indrelid = member.objid
         where member.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    ), part as materialized ({parts}), text as (
        select tableoid, ctid, xmin, cmin, objoid from pg_catalog.pg_description
         union all
        select tableoid, ctid, xmin, cmin, objoid from pg_catalog.pg_seclabel
    ), one as (
        select tableoid, ctid, xmin, cmin from part
         union all
        select tableoid, ctid, xmin, cmin from dep
         union all
        select tableoid, ctid, xmin, cmin from pg_catalog.pg_extension
         union all
        select tableoid, ctid, xmin, cmin from text
         where objoid in (select oid from part union select objid from member)
    )
    select pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(one::text, 0)) from one
"""


def _versions(connection: psycopg.Connection[Any], classes: Collection[str]) -> tuple[int, int]:
    """How many rows ``_read_members`` reads and which versions of them, in a fifth of its time. Raises psycopg.Error.

    ``classes`` are the catalogs that have members: where another one gets its first, there is one more row of pg_depend.
    """
    query = _ROWS.replace("{parts}", " union all ".join(each.versions for each in _CATALOGS if each.of in classes))
    ((count, total),) = connection.execute(query.encode()).fetchall()
    return int(count), int(total or 0)


class Members:
    """Those of one database, which are read again where one of their rows is another version."""

    def __init__(self) -> None:
        """None is known yet."""
        self._parts: dict[Key, Part] = {}
        self._classes: Collection[str] = ()
        self._known: tuple[int, int] | None = None

    def read(self, connection: psycopg.Connection[Any], *, changed: bool = False) -> Mapping[Key, Part]:
        """What ``_read_members`` gives, without asking for it where nothing has ``changed``. Raises psycopg.Error."""
        if changed or self._known is None or self._known != _versions(connection, self._classes):
            self._parts, self._classes = _read_members(connection)
            self._known = _versions(connection, self._classes) if len(self._parts) > _FEW else None
        return self._parts


def _read_members(connection: psycopg.Connection[Any]) -> tuple[dict[Key, Part], Collection[str]]:
    """Every part of every member, in about 30 ms for a thousand members, and which catalogs have members.

    Raises psycopg.Error.
    """
    found: dict[Key, Part] = {}
    classes: dict[str, dict[int, _Holder]] = {}
    for name, classid, oid, extension, xmin, cmin, *written in connection.execute(_MEMBERS).fetchall():
        classes.setdefault(name, {})[oid] = _Holder((classid, oid), extension, (int(xmin), int(cmin)))
        found[_MEMBER, classid, oid, 0, 0] = classes[name][oid].part(0, written)
    relations = classes.get("pg_class", {})
    indexes = connection.execute(_INDEXES, [list(relations)]).fetchall() if relations else ()
    with_indexes = relations | {index: relations[table] for index, table in indexes}
    holders = {held.member: held for members in classes.values() for held in members.values()}
    for catalog in _CATALOGS:
        members = with_indexes if catalog.name in _OF_INDEXES else classes.get(catalog.of, {})
        if members:
            for *place, oid, state, xmin, cmin in connection.execute(catalog.query, [list(members)]).fetchall():
                holders[place[0], place[1]] = members[oid]
                found[_key(catalog.part, place)] = members[oid].part(state, (xmin, cmin))
    for part, query in _TEXTS if holders else ():
        oids = [oid for _, oid in holders]
        for *place, state, xmin, cmin in connection.execute(query.encode(), [oids]).fetchall():
            if (held := holders.get((place[0], place[1]))) is not None:
                found[_key(part, place)] = held.part(state, (xmin, cmin))
    return found, classes.keys()


@dataclass(frozen=True, slots=True)
class _Holder:
    """The member that a part hangs on."""

    member: tuple[int, int]
    extension: str
    created_by: tuple[int, int]

    def part(self, state: int, written: Iterable[str]) -> Part:
        xmin, cmin = written
        return Part(self.member, self.extension, state, (int(xmin), int(cmin)), self.created_by)


def _key(part: str, place: Sequence[int]) -> Key:
    classid, oid, sub, own = place
    return part, classid, oid, sub, own


def changed_parts(before: Mapping[Key, Part], after: Mapping[Key, Part]) -> Iterator[tuple[Key, Part]]:
    """Those that are new, gone or changed; of what became a member, or stopped being one, the member alone."""
    both = {**before, **after}
    moved = {part.member for key, part in both.items() if key[0] == _MEMBER and (key in before) != (key in after)}
    for key, part in both.items():
        if key[0] == _MEMBER or part.member not in moved:
            was, now = before.get(key), after.get(key)
            if was is None or now is None or was.state != now.state:
                yield key, part


def written_later(before: Mapping[Key, Part], after: Mapping[Key, Part]) -> Iterator[tuple[str, tuple[int, int]]]:
    """The extensions, of those that are new or updated, with parts written after the extension got its last member.

    Each with ``xmin`` and ``cmin`` of its row.
    """
    known = {(part.extension, part.created_by) for part in before.values()}
    last: dict[str, tuple[int, int]] = {}
    for key, part in after.items():
        if key[0] == _MEMBER and (part.extension, part.created_by) not in known:
            last[part.extension] = max(part.written, part.created_by, last.get(part.extension, part.created_by))
    late = (part for part in after.values() if part.written > last.get(part.extension, part.written))
    yield from sorted({(part.extension, part.created_by) for part in late})


def name_of(connection: psycopg.Connection[Any], key: Key, part: Part) -> str:
    """``the comment on function public.f() of extension x``. Raises psycopg.Error."""
    word, classid, oid, sub, _ = key
    row = connection.execute(_NAME, [classid, oid, sub, *part.member]).fetchone()
    return f"{'' if word == _MEMBER else word}{row[0] if row else ''} of extension {quoted(part.extension)}"


def names_of_members(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """The names of relations with their indexes, functions and types that belong to extensions. Raises psycopg.Error."""
    return frozenset(name for (name,) in connection.execute(_NAMES).fetchall() if name)
