"""Which settings differ between rows, and short names that tell rows apart by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Settings = Mapping[str, Any]

# Where, how fast or how loudly, and what a row shows anyway; the seed makes no row of its own.
_NOT_COMPARED = (
    "paths.",
    "logger.",
    "restart",
    "trials",
    "name",
    "tag",
    "seed",
    "protocol.fold",
    "sources",
    "data.path",
    "data.download",
    "data.csv_path",
    "data.votes_path",
    "trainer.accelerator",
    "trainer.progress",
    "trainer.threads",
)
_KEYS_IN_NAME = 4


def compared(settings: Settings) -> dict[str, Any]:
    """What makes a configuration another one: all but places, noise, seed and fold."""
    return {key: value for key, value in settings.items() if not key.startswith(_NOT_COMPARED)}


def differing(rows: Sequence[Settings]) -> list[str]:
    """Keys for which the rows have two values or more.

    A key that some rows lack, because their kind of model has no such setting or they are older,
    differs only if the others disagree about it.

    Example:
        >>> differing([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}])
        ['b']
    """
    values: dict[str, set[str]] = {}
    for row in rows:
        for key, value in compared(row).items():
            values.setdefault(key, set()).add(repr(value))
    return [key for key, found in values.items() if len(found) > 1]


def written(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(written, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def short_key(key: str) -> str:
    """A key without what a reader does not need.

    Example:
        >>> short_key("optimizer.name"), short_key("model.dropout"), short_key("augment.flip.p")
        ('optimizer', 'dropout', 'flip.p')
    """
    _, *rest = key.split(".")
    if rest == ["name"] or not rest:
        return key.split(".")[0]
    return ".".join(rest[-2:])


def row_names(rows: Sequence[Settings], folders: Sequence[Path]) -> list[str]:
    """A name for each row: its model, and as few settings as tell it from others of that model.

    Args:
        rows: Settings of each row.
        folders: Folder of each row, which tells rows of equal settings apart.
    """
    by_model: dict[str, list[int]] = {}
    for k, row in enumerate(rows):
        by_model.setdefault(str(row["model.name"]), []).append(k)
    names = [""] * len(rows)
    for model, places in by_model.items():
        told = _told_apart([rows[k] for k in places])
        for k, words in zip(places, told, strict=True):
            names[k] = ", ".join([model, *words])
    for by in (lambda path: path.name.split("-", 1)[-1], lambda path: f"{path.parent.name}"):
        for name in {name for name in names if names.count(name) > 1}:
            for k in [k for k, other in enumerate(names) if other == name]:
                names[k] = f"{name} ({by(folders[k])})"
    return names


def _told_apart(rows: Sequence[Settings], depth: int = 0) -> list[list[str]]:
    """For each row the settings that tell it from the others, the most telling one first."""
    keys = differing(rows)
    if len(rows) == 1 or not keys or depth == _KEYS_IN_NAME:
        return [[] for _ in rows]
    best = max(keys, key=lambda key: len({repr(row.get(key)) for row in rows}))
    branches: dict[str, list[int]] = {}
    for k, row in enumerate(rows):
        branches.setdefault(repr(row.get(best)), []).append(k)
    words: list[list[str]] = [[] for _ in rows]
    for places in branches.values():
        further = _told_apart([rows[k] for k in places], depth + 1)
        for k, more in zip(places, further, strict=True):
            words[k] = [f"{short_key(best)}={written(rows[k].get(best))}", *more]
    return words


def deviating(rows: Sequence[Settings]) -> list[dict[str, Any]]:
    """For each row the settings in which it is unlike most rows.

    Keys that part the rows alike, such as a model's name and its backbone, are told by the first.
    """
    telling: dict[tuple[int, ...], str] = {}
    for key in differing(rows):
        values = [repr(row.get(key)) for row in rows]
        telling.setdefault(tuple(values.index(value) for value in values), key)
    usual = {}
    for key in telling.values():
        present = [repr(row[key]) for row in rows if key in row]
        usual[key] = max(present, key=present.count)
    return [
        {key: row[key] for key in usual if key in row and repr(row[key]) != usual[key]}
        for row in rows
    ]
