"""What each protocol lets through from training to test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fer.auditing.copies import Copies
from fer.data.faces import Faces
from fer.data.protocols import make_split
from fer.data.splits import Split
from fer.errors import FerError

MOST_FOLDS = 10
"""Folds that are looked at; leaving out one person each would be as many as there are people."""

COUNTED = ("exact", "conflicting", "near", "person", "sequence")


def protocol_effects(
    copies: Copies, protocols: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A row for each protocol: tested faces, and how many of them training has met before.

    Returns:
        Rows with `protocol`, `settings` and either `why` (the protocol does not apply) or `folds`,
        `all_folds`, `test_part`, `n` and a count under each of `COUNTED`: an exact copy in
        training; an exact copy there under another class; a near and no exact one; the same person;
        the same sequence (None: unknown).
    """
    rows = []
    for name, settings in protocols.items():
        row: dict[str, Any] = {"protocol": name, "settings": dict(settings)}
        try:
            splits = list(_splits(copies.faces, settings))
        except FerError as error:
            rows.append(row | {"why": str(error).removeprefix(f"protocol={name}: ")})
            continue
        row["folds"], row["all_folds"] = len(splits), _folds(copies.faces, settings)
        row["test_part"] = splits[0].test_part if len(splits) == 1 else f"{len(splits)} folds"
        row["n"] = sum(len(split.test) for split in splits)
        counts = [_met(copies, split) for split in splits]
        for key in COUNTED:
            values = [count[key] for count in counts]
            row[key] = None if None in values else sum(values)
        rows.append(row)
    return rows


def _folds(faces: Faces, settings: Mapping[str, Any]) -> int:
    """How many test parts a protocol has."""
    if settings["name"] == "leave_one_subject_out" and faces.subject is not None:
        return len(np.unique(faces.subject))
    return int(settings.get("folds", 1))


def _splits(faces: Faces, settings: Mapping[str, Any]) -> Iterator[Split]:
    """The protocol's split, or one for each fold."""
    if "fold" not in settings:
        yield make_split(faces, settings)
        return
    for fold in range(min(_folds(faces, settings), MOST_FOLDS)):
        yield make_split(faces, {**settings, "fold": fold})


def _met(copies: Copies, split: Split) -> dict[str, int | None]:
    """Tested faces that training has met before."""
    exact, near = copies.in_training(split.test, split.train)
    met: dict[str, int | None] = {
        "exact": int(exact.sum()),
        "conflicting": int(copies.conflicting(split.test, split.train).sum()),
        "near": int(near.sum()),
    }
    for key, known in (("person", copies.faces.subject), ("sequence", copies.faces.sequence)):
        met[key] = (
            None if known is None else int(np.isin(known[split.test], known[split.train]).sum())
        )
    return met
