"""FER2013 as a table: `fer2013.csv` and `icml_face_data.csv`, a picture per row."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer.data.faces import SEVEN
from fer.data.readers import OnBad, Record
from fer.errors import DataError

SIDE = 48
COLUMNS = ("emotion", "pixels", "usage")
USAGES = {"Training": "training", "PublicTest": "public", "PrivateTest": "private"}
LABELS = {str(label): label for label in range(len(SEVEN))}
VALUES = {str(value): value for value in range(256)}
SAMPLE_BYTES = 256 * 1024


def csv_key(path: Path) -> str:
    """Identify a table by its size, its time and samples of its head, middle and tail."""
    status = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in (0, status.st_size // 2, max(0, status.st_size - SAMPLE_BYTES)):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return f"csv {status.st_size} {status.st_mtime_ns} {digest.hexdigest()}"


def csv_records(path: Path, on_bad: OnBad) -> Iterator[Record]:
    """Yield the faces of a table row by row, named `row 1`, `row 2`, ... after the header.

    Raises:
        DataError: A column is missing, or the file is no text table.
    """
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise DataError(
                    f"{path}: the first line lacks the column {', '.join(missing)}; "
                    "it must name emotion, pixels and Usage: take fer2013.csv or "
                    "icml_face_data.csv as published"
                )
            places = [header.index(name) for name in COLUMNS]
            for number, row in enumerate(filter(None, rows), start=1):
                name = f"row {number}"
                if len(row) < len(header):
                    on_bad(name, f"has {len(row)} of {len(header)} columns")
                    continue
                try:
                    record = _record(name, *(row[place] for place in places))
                except ValueError as error:
                    on_bad(name, str(error))
                    continue
                yield record
        except csv.Error as error:
            raise DataError(
                f"{path}: line {rows.line_num} is no text table ({error}); download it again"
            ) from error


def _record(name: str, emotion: str, pixels: str, usage: str) -> Record:
    """Make a record of one row; raises ValueError with the reason where that cannot be done."""
    label = LABELS.get(emotion.strip())
    if label is None:
        raise ValueError(f"has the label {emotion!r:.40}, not one of 0 to {len(SEVEN) - 1}")
    part = USAGES.get(usage.strip())
    if part is None:
        raise ValueError(f"has the Usage {usage!r:.40}, not one of {', '.join(USAGES)}")
    texts = pixels.split()
    if len(texts) != SIDE * SIDE:
        raise ValueError(f"has {len(texts)} pixels, not {SIDE * SIDE}")
    try:
        values = bytes(map(VALUES.__getitem__, texts))
    except KeyError as error:
        raise ValueError(f"has the pixel {error.args[0]!r:.40}, not one of 0 to 255") from None
    return Record(np.frombuffer(values, np.uint8).reshape(SIDE, SIDE), label, name, part)
