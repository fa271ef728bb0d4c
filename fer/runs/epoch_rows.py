"""`metrics.csv` of a run folder: a row of figures per epoch."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from fer.errors import RunError
from fer.writing import write_text


def read_rows(path: Path) -> list[dict[str, float]]:
    """The rows, none where there is no file.

    Raises:
        RunError: The file is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error):
        raise RunError(f"{path} is damaged: it has more than numbers; restore it") from None
    if any("epoch" not in row for row in rows):
        raise RunError(f"{path} is damaged: a row has no epoch; restore it")
    return rows


def find_rows(path: Path, epochs: Iterable[int]) -> list[dict[str, float]]:
    """The rows of epochs that were trained, from 1.

    Raises:
        RunError: The file is damaged, or has lost one.
    """
    rows = {row["epoch"]: row for row in read_rows(path)}
    try:
        return [rows[epoch] for epoch in epochs]
    except KeyError as lost:
        raise RunError(
            f"{path} has no row of epoch {lost}, which was trained: restore it, or train again "
            "with restart=true"
        ) from None


def write_rows(path: Path, rows: Iterable[Mapping[str, float]]) -> None:
    """Writes the file anew."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [",".join(columns)]
    lines += [",".join(_text(row.get(key)) for key in columns) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def _text(value: float | None) -> str:
    """A number such that reading gives it back; whole numbers without a point."""
    if value is None:
        return ""
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )
