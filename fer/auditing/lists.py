"""An audit for programs: `audit.json` and a CSV list of each kind of finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer.auditing.copies import conflicting
from fer.auditing.findings import Findings
from fer.writing import aside, write_text

Row = dict[str, Any]


def write_findings(findings: Findings, folder: Path) -> None:
    """Writes the figures and the lists; a list without entries has its head only.

    `exact_copies.csv`: a row per face, those of a group together. `near_copies.csv`: a row per
    pair, nearest first. `conflicting_labels.csv`: faces of both kinds with other labels.
    `bad_files.csv`: files left out, and blank pictures. `doubtful_labels.csv`: most doubtful first,
    where a run was named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "exact_copies.csv", _exact(findings), ["group", *_FACE, "across_parts"])
    pair = [f"{side}_{key}" for side in ("first", "second") for key in _FACE]
    _write(folder / "near_copies.csv", _near(findings), [*pair, "distance", "mirrored"])
    _write(folder / "conflicting_labels.csv", _conflicts(findings), ["kind", "group", *_FACE])
    _write(folder / "bad_files.csv", _bad(findings), ["name", "reason", "left_out"])
    doubtful = folder / "doubtful_labels.csv"
    doubtful.unlink(missing_ok=True)  # of an earlier audit with a run
    if findings.doubtful is not None:
        _write(doubtful, _doubtful(findings), [*_FACE, "suggested", "confidence_in_label"])
    write_text(folder / "audit.json", json.dumps(findings.story, indent=2))


_FACE = ("name", "part", "class")


def _exact(findings: Findings) -> list[Row]:
    copies, part = findings.copies, findings.faces.part
    return [
        {"group": number, **findings.describe(face), "across_parts": copies.differ(part, group)}
        for number, group in enumerate(copies.members(), start=1)
        for face in group
    ]


def _near(findings: Findings) -> list[Row]:
    near = findings.copies.near
    columns = zip(near.first, near.second, near.distance, near.mirrored, strict=True)
    return [
        {f"first_{key}": value for key, value in findings.describe(first).items()}
        | {f"second_{key}": value for key, value in findings.describe(second).items()}
        | {"distance": f"{distance:.3f}", "mirrored": bool(mirrored)}
        for first, second, distance, mirrored in columns
    ]


def _conflicts(findings: Findings) -> list[Row]:
    copies = findings.copies
    exact = [g for g in copies.members() if copies.differ(findings.faces.labels, g)]
    chosen = conflicting(copies)
    near = list(np.stack([copies.near.first, copies.near.second], axis=1)[chosen])
    return [
        {"kind": kind, "group": number, **findings.describe(face)}
        for kind, groups in (("exact", exact), ("near", near))
        for number, group in enumerate(groups, start=1)
        for face in group
    ]


def _bad(findings: Findings) -> list[Row]:
    left_out = [
        {"name": name, "reason": reason, "left_out": True}
        for name, reason in findings.faces.bad_files
    ]
    return left_out + [
        {
            "name": findings.faces.names[face],
            "reason": f"blank: its pixels deviate by {findings.deviations[face]:.1f} gray levels",
            "left_out": False,
        }
        for face in findings.blank
    ]


def _doubtful(findings: Findings) -> list[Row]:
    doubtful = findings.doubtful
    assert doubtful is not None
    return [
        {
            **findings.describe(face),
            "suggested": findings.faces.classes[suggested],
            "confidence_in_label": f"{confidence:.4f}",
        }
        for face, suggested, confidence in zip(
            doubtful.faces, doubtful.suggested, doubtful.confidence, strict=True
        )
    ]


def _write(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Writes a table aside and renames it; a person, where known, follows the other columns."""
    found = dict.fromkeys([*columns, *(key for row in rows[:1] for key in row)])
    with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(found))
        table.writeheader()
        table.writerows(rows)
