"""What one audit.toml audits less than another: a proposal's settings compared with those of the protected branch. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from migration_audit.model.finding import Severity

Tables = Mapping[str, Any]

_ACCEPTS: Final = frozenset({"waiver", "exclude"})
"""Lists whose entries take something out of the audit."""
_INSTEAD: Final = frozenset({"seed"})
"""Lists of which the first entry that fits decides: a new one, or another order, may say less than the one that did."""
_WORK: Final = "rule"
"""The list whose entries say what the deletion has to do, and so what it may do."""
_MORE: Final = frozenset({"boot", "snapshot", "rehearsal"})
"""Tables that the audit asks more with than without."""
_PINS: Final = frozenset({"database", "system_identifier"})
_WEIGHTS: Final = {weight.value: number for number, weight in enumerate((Severity.INFO, Severity.WARNING, Severity.BLOCKER))}
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDifference:
    """One setting that two audit.toml do not have alike."""

    text: str
    is_less: bool
    """The second one audits less by it, or differently, so that it is unknown whether it audits as much."""
    is_work: bool = False
    """It adds a rule, and so to what a deletion may touch."""


def compare_settings(policy: Tables, proposed: Tables) -> tuple[SettingDifference, ...]:
    """How ``proposed`` differs from ``policy``: both as ``audited_tables`` gives them, in the order of their keys."""
    return tuple(_tables((), policy, proposed))


def _tables(path: tuple[str, ...], old: Tables, new: Tables) -> Iterator[SettingDifference]:
    for key in sorted(old.keys() | new.keys()):
        yield from _value((*path, key), old.get(key), new.get(key))


def _value(path: tuple[str, ...], old: Any, new: Any) -> Iterator[SettingDifference]:
    if old == new and type(old) is type(new):
        return
    if _is_list(old) or _is_list(new):
        yield from _items(path, old or [], new or [])
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _tables(path, old, new)
    elif isinstance(new, Mapping) and old is None and _adds(path):
        yield SettingDifference(text=f"[{_shown(path)}] is new", is_less=False)
    elif isinstance(old or new, Mapping):
        yield from _tables(path, old or {}, new or {})
    else:
        yield SettingDifference(text=_changed(path, old, new), is_less=not _is_stricter(path, old, new))


def _items(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[SettingDifference]:
    before, after = ({_canonical(item): item for item in items} for items in (old, new))
    name, takes_out = _shown(path), path[-1] in _ACCEPTS
    for each in before.keys() - after.keys():
        yield SettingDifference(text=f"[[{name}]] was removed: {_short(before[each])}", is_less=not takes_out)
    for each in after.keys() - before.keys():
        yield SettingDifference(
            text=f"[[{name}]] is new: {_short(after[each])}",
            is_less=takes_out or path[-1] in _INSTEAD,
            is_work=path == (_WORK,),
        )
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield SettingDifference(text=f"[[{name}]] has another order", is_less=path[-1] in _INSTEAD)


def _adds(path: tuple[str, ...]) -> bool:
    return (len(path) == 1 and path[0] in _MORE) or (len(path) == 2 and path[0] == "environments")


def _is_stricter(path: tuple[str, ...], old: Any, new: Any) -> bool:
    if path[0] == "environments" and path[-1] in _PINS:
        return old is None
    if path[0] == "snapshot" and path[-1].startswith("rehearse"):  # the model's word stays next to a rehearsal
        return old is None
    if path[0] == "rules":
        return new in _WEIGHTS and _WEIGHTS[new] >= _WEIGHTS.get(old, len(_WEIGHTS) - 1)
    return False


def _changed(path: tuple[str, ...], old: Any, new: Any) -> str:
    name = f"[{_shown(path[:-1])}] {path[-1]}"
    if new is None:
        return f"{name} was removed: it was {_short(old)}"
    return f"{name} is {_short(new)}" + ("" if old is None else f", and was {_short(old)}")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} = {json.dumps(each, ensure_ascii=False, default=str)}" for key, each in value.items())
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
