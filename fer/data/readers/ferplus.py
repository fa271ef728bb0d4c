"""FER+: FER2013's faces under the votes of ten people each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer.data.faces import EXPRESSIONS, SEVEN, Faces
from fer.data.readers import OnBad, Reader, Record
from fer.data.readers.fer2013 import Fer2013Reader
from fer.data.readers.fer2013_csv import csv_key, csv_records
from fer.data.readers.ferplus_match import FAR, match_rows
from fer.data.readers.ferplus_votes import PUBLISHED, VOTED, judge, read_votes
from fer.errors import DataError

PARTS = ("training", "public", "private")
CHANCE = 0.3
"""Labels of FER2013 and FER+ that belong to other faces agree on less than this."""

WHY_THE_TABLE = (
    "the votes are given by row of FER2013's own table, and neither the names nor the JPEG pixels "
    "of Kaggle's pictures say which row they were; take fer2013.csv or icml_face_data.csv (Kaggle, "
    "'Challenges in Representation Learning: Facial Expression Recognition Challenge')"
)


class FerPlusReader(Reader):
    """The faces of FER2013 that a mode of FER+ keeps, with its labels, votes and targets.

    Rows of FER2013's table are joined to the votes by their number. Kaggle's pictures are first
    matched to the rows of the table; those whose row cannot be told are left out and counted.

    Args:
        faces: FER2013 in any form.
        votes: `fer2013new.csv`.
        mode: `majority`, `probability`, `cross_entropy` or `multi_target`.
        contempt: Whether contempt is a class; otherwise faces that it wins are left out.
        table: `fer2013.csv` or `icml_face_data.csv`, needed where `faces` holds pictures.

    Raises:
        DataError: The votes cannot be used, or the table is needed and not there.
    """

    name = "ferplus"
    order_by_content = True

    def __init__(
        self, faces: Fer2013Reader, votes: Path, mode: str, contempt: bool, table: Path | None
    ) -> None:
        self.faces, self.mode, self.table = faces, mode, table
        self.classes = EXPRESSIONS if contempt else SEVEN
        if faces.form != "csv" and table is None:
            raise DataError(
                f"{faces.path}: FER+ needs FER2013's table beside the pictures: {WHY_THE_TABLE} "
                "and set data.csv_path to it (or data.path, to do without the pictures)"
            )
        if table is not None and not table.is_file():
            raise DataError(f"data.csv_path={table} does not exist: {WHY_THE_TABLE}")
        self.votes_path = votes
        self.votes = read_votes(votes)
        self.ruling = judge(self.votes.counts, mode, self.classes)
        self.notes: list[str] = []
        self.alike: list[bool] = []

    @property
    def origin(self) -> str:
        """Both files."""
        return f"{self.faces.path} with {self.votes_path}"

    def source_key(self) -> str:
        """Text that changes whenever pictures, table, votes or rules do."""
        tables = [csv_key(path) for path in (self.votes_path, self.table) if path is not None]
        return "\n".join([self.faces.source_key(), *tables, self.mode])

    def __len__(self) -> int:
        """The faces that the mode keeps."""
        return int(self.ruling.kept.sum())

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        """Yields the faces that the mode keeps.

        Raises:
            DataError: Faces and votes are not of the same rows.
        """
        self.notes, self.alike = [], []
        by_row = self.faces.form == "csv"
        pairs = self._rows(self.faces.path, on_bad) if by_row else self._pictures(on_bad)
        ruling = self.ruling
        for record, row in pairs:
            if not ruling.kept[row]:
                continue
            label = int(ruling.labels[row])
            self.alike.append(SEVEN[record.label] == self.classes[label])
            targets = None if ruling.targets is None else tuple(ruling.targets[row].tolist())
            votes = tuple(ruling.shares[row].tolist())
            yield replace(record, label=label, votes=votes, targets=targets)

    def _rows(self, table: Path, on_bad: OnBad) -> Iterator[tuple[Record, int]]:
        """The faces of a table with their row, from 0; their Usage agrees with that of the votes.

        Raises:
            DataError: It does not, or there are more or fewer rows.
        """
        parts, last = self.votes.part, 0

        def on_bad_row(name: str, reason: str) -> None:
            nonlocal last
            last = _number(name)
            on_bad(name, reason)

        for record in csv_records(table, on_bad_row):
            last = _number(record.name)
            if last > len(parts):
                break
            if record.part != parts[last - 1]:
                raise DataError(
                    f"{table}, row {last} is of part {record.part}, but the same row of "
                    f"{self.votes_path} of part {parts[last - 1]}: these are not the same faces in "
                    "the same order; take both files as published"
                )
            yield record, last - 1
        if last != len(parts):
            found = f"{last:,}" if last < len(parts) else f"more than {len(parts):,}"
            raise DataError(
                f"{table} has {found} rows and {self.votes_path} {len(parts):,}: they are joined "
                "by row; take both files as published"
            )

    def _pictures(self, on_bad: OnBad) -> Iterator[tuple[Record, int]]:
        """Kaggle's pictures with the row that each was made from.

        Raises:
            DataError: They are not the table's faces.
        """
        assert self.table is not None
        rows, pictures = defaultdict(list), defaultdict(list)
        for record, row in self._rows(self.table, on_bad):
            rows[record.part].append((record.image, row))
        for record in self.faces.records(on_bad):
            pictures[record.part].append(record)
        distances: list[float] = []
        far: list[str] = []
        ambiguous: list[str] = []
        for part, records in pictures.items():
            images, numbers = zip(*rows[part], strict=True) if rows[part] else ((), ())
            if not images:
                raise DataError(f"{self.table} has no rows of part {part}: {WHY_THE_TABLE}")
            found = match_rows(
                np.stack([record.image for record in records]),
                np.stack(images),
                self.votes.counts[list(numbers)],
            )
            if np.median(found.distance) > FAR:
                raise DataError(
                    f"the pictures of {self.faces.path}, part {part}, are not the rows of "
                    f"{self.table}: half of them are further than {np.median(found.distance):.0f} "
                    "of 255 gray levels from the nearest one; take both as published"
                )
            matched = found.row >= 0
            distances.extend(found.distance[matched].tolist())
            far.extend(records[i].name for i in np.flatnonzero(found.far))
            ambiguous.extend(records[i].name for i in np.flatnonzero(found.ambiguous))
            for i in np.flatnonzero(matched).tolist():
                yield records[i], numbers[found.row[i]]
        self.notes.append(
            f"{len(distances):,} pictures matched to rows, {np.median(distances):.2f} gray levels "
            f"away (median; at most {max(distances):.2f})"
        )
        for names, why in ((ambiguous, "several rows"), (far, "no row")):
            if names:
                self.notes.append(
                    f"{len(names):,} pictures left out that look like {why} of the table, first "
                    f"{names[0]}"
                )

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Tells how many faces the mode keeps, beside Microsoft's counts, and how labels moved."""
        contempt = judge(self.votes.counts, self.mode, EXPRESSIONS).kept
        kept = tuple(int(contempt[self.votes.part == part].sum()) for part in PARTS)
        note = f"FER+ {self.mode} keeps {_text(kept)} faces of {', '.join(PARTS)}, "
        official = PUBLISHED[self.mode]
        note += "as published" if kept == official else f"not the published {_text(official)}"
        assert faces.part is not None
        found = tuple(int((faces.part == part).sum()) for part in PARTS)
        lost = ", without contempt" if len(self.classes) < len(VOTED) else ""
        note += f"; in use {_text(found)}; {len(self.classes)} classes{lost}"
        alike = float(np.mean(self.alike))
        moved = f"the label of {1 - alike:.1%} of the faces differs from FER2013's own"
        if alike < CHANCE:
            raise DataError(
                f"FER+: {moved}, which is chance: votes and faces are not in the same order; "
                "take the table with its rows as Kaggle gives them"
            )
        return (note, moved, *self.notes)


def _number(name: str) -> int:
    """The number, from 1, of a row that a table's reader named."""
    return int(name.removeprefix("row "))


def _text(counts: tuple[int, ...]) -> str:
    return " / ".join(f"{count:,}" for count in counts)
