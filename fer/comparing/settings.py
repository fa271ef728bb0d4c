"""Which settings differ between rows, and short names that tell rows apart by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np

from fer.runs.run_names import SAME_RUN, TOLD_OTHERWISE

Settings = Mapping[str, Any]

# What a row shows anyway; the seed makes no row of its own.
_SHOWN_ANYWAY = ("tag", "seed", "protocol.fold", "sources")
# Files whose content is in the data's fingerprint: which one matters, not where it lies.
_FILES = ("data.exclude", "data.faces.detector_model")
# What is no part of a run's hash, yet a reader must see.
_TOLD = (*_FILES, "pseudo", "model.members", "distillation.teacher", "trainer.max_epochs")
_NOT_COMPARED = {*SAME_RUN, *TOLD_OTHERWISE, *_SHOWN_ANYWAY} - {*_TOLD}
# One choice under several keys.
_NETWORK = ("model.name", "model.backbone", "model.kind", "model.network")
_KEYS_IN_NAME = 3
# Told in every name of a model whose rows differ in it: without it, all else is misread.
_ALWAYS_IN_NAME = ("trainer.max_epochs", "data.images_per_class")


def compared(settings: Settings) -> dict[str, Any]:
    """What makes a configuration another one: all but places, noise, seed and fold."""
    groups = tuple(f"{key}." for key in _NOT_COMPARED)
    return {
        key: brief(value) if key in _FILES else value
        for key, value in settings.items()
        if key not in _NOT_COMPARED and not key.startswith(groups)
    }


def differing(rows: Sequence[Settings]) -> list[str]:
    """Keys for which the rows have two values or more.

    A key that some rows lack, because their kind of model has no such setting or they are older,
    differs only if the others disagree about it.

    Examples:
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


def brief(value: Any) -> str:
    """A value as a reader needs it: of a path its last part.

    Examples:
        >>> brief(["runs/cnn1-ab12", "runs/cnn2-cd34"]), brief(0.5)
        ('[cnn1-ab12,cnn2-cd34]', '0.5')
    """
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(brief, value))}]"
    return Path(value).name if isinstance(value, str) and "/" in value else written(value)


def short_key(key: str) -> str:
    """A key without what a reader does not need.

    Examples:
        >>> short_key("optimizer.name"), short_key("model.dropout"), short_key("augment.flip.p")
        ('optimizer', 'dropout', 'flip.p')
    """
    _, *rest = key.split(".")
    if rest == ["name"] or not rest:
        return key.split(".")[0]
    return ".".join(rest[-2:])


def row_names(rows: Sequence[Settings], folders: Sequence[Path]) -> list[str]:
    """A name for each row: its model, and as few settings as tell it from others of that model.

    How long and on how few images it was trained is always among them where rows of that model
    differ in it.

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
    for level in range(3):  # what its folder is called, then where that lies
        for name in {name for name in names if names.count(name) > 1}:
            for k in [k for k, other in enumerate(names) if other == name]:
                names[k] = f"{name} ({_folder_word(folders[k], level)})"
    return names


def _folder_word(path: Path, level: int) -> str:
    """The hash at the end of a run folder's name, its parent's name, or the whole path."""
    return (path.name.rpartition("-")[2], path.parent.name, str(path))[level]


def _told_apart(rows: Sequence[Settings]) -> list[list[str]]:
    """For each row the fewest settings that no other row has together; none where none do."""
    parting = _parting(rows).values()
    told_anyway = [key for alike in parting for key in alike if key in _ALWAYS_IN_NAME]
    # of keys that part the rows alike a name needs one: a choice by name says most
    keys = [
        min(alike, key=lambda key: not key.endswith(".name"))
        for alike in parting
        if not set(alike) & set(told_anyway)
    ]
    always = range(len(keys), len(keys) + len(told_anyway))
    keys += told_anyway
    values = [[repr(row.get(key)) for key in keys] for row in rows]
    codes = np.array([[column.index(v) for v in column] for column in zip(*values, strict=True)])
    found = []
    for k, row in enumerate(rows):
        own = codes[:, k : k + 1] == codes if keys else np.empty((0, len(rows)))
        common = own.sum(axis=1) * 2 > len(rows)
        rare = [*np.flatnonzero(~common).tolist(), *np.flatnonzero(common).tolist()]
        sets = ({*always, *chosen} for chosen in _combinations(rare))
        told = next((s for s in sets if own[list(s)].all(axis=0).sum() == 1), set(always))
        words = [(keys[i], row.get(keys[i])) for i in sorted(told)]
        whole = [(k, v) for k, v in words if k not in _ALWAYS_IN_NAME or v is not None]
        found.append([f"{short_key(key)}={brief(value)}" for key, value in whole])
    return found


def _combinations(places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """None, each one, each two and so on."""
    return chain.from_iterable(combinations(places, n) for n in range(_KEYS_IN_NAME + 1))


def _parting(rows: Sequence[Settings]) -> dict[tuple[int, ...], list[str]]:
    """The keys that differ, those that part the rows alike together."""
    found: dict[tuple[int, ...], list[str]] = {}
    for key in differing(rows):
        values = [repr(row.get(key)) for row in rows]
        found.setdefault(tuple(values.index(value) for value in values), []).append(key)
    return found


def deviating(rows: Sequence[Settings]) -> list[dict[str, Any]]:
    """For each row the settings in which it is unlike most rows.

    Settings that only say again which network it is are told by the first of them; all others are
    told, for two that change together may both be why a result differs. Those that fewest rows
    share come first.
    """
    usual, shared = {}, {}
    for keys in _parting(rows).values():
        again = [key for key in keys if key in _NETWORK][1:]
        for key in [key for key in keys if key not in again]:
            present = [repr(row[key]) for row in rows if key in row]
            shared[key] = Counter(present)
            usual[key] = max(present, key=present.count)
    found = []
    for row in rows:
        own = [key for key in usual if key in row and repr(row[key]) != usual[key]]
        rarest = sorted(own, key=lambda key: shared[key][repr(row[key])])
        found.append({key: row[key] for key in rarest})
    return found
