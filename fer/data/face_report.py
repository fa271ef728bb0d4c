"""What a person needs to look over the faces that a detector found: lists and a contact sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.data.cache import final_folder
from fer.data.contact_sheet import ContactSheet
from fer.detection import Detection

FACES, NO_FACE, SEVERAL = "faces.csv", "no_face.csv", "several_faces.csv"
BOX = ("x", "y", "w", "h", "score")


class FaceReport:
    """Notes each picture as it comes, and writes the lists and the sheet at the end.

    `faces.csv` has a row for each picture: its name, its number on the sheet, how many faces were
    found, the chosen one's box in pixels of the picture and its score, whether its eyes placed it,
    and a flag, `no face` or `several faces`. `no_face.csv` and `several_faces.csv` hold only these,
    the latter with every face. The first column of each is the name that `data.exclude` takes.

    Args:
        align: Whether faces are to be placed by their eyes, so that the others are counted.
    """

    def __init__(self, align: bool) -> None:
        self.align = align
        self._rows: list[Sequence[object]] = []
        self._several: list[Sequence[object]] = []
        self._found = self._unaligned = 0
        self._sheet = ContactSheet()

    def add_missing(self, name: str) -> None:
        """Notes a picture without a face."""
        self._rows.append((name, "", 0, *[""] * len(BOX), "", "no face"))

    def add(
        self,
        name: str,
        faces: Sequence[Detection],
        chosen: Detection,
        crop: NDArray[np.uint8],
        aligned: bool,
    ) -> None:
        """Notes a picture, all its faces, and the crop of the chosen one."""
        self._found += 1
        self._unaligned += self.align and not aligned
        several = len(faces) > 1
        flag = "several faces" if several else ""
        self._rows.append((name, self._found, len(faces), *_numbers(chosen), aligned, flag))
        if several:
            self._several += [(name, *_numbers(face), face == chosen) for face in faces]
        counted = f"  {len(faces)} faces" if several else ""
        self._sheet.add(crop, [f"{self._found}  {chosen.score:.2f}{counted}", name])

    def write(self, folder: Path) -> tuple[str, ...]:
        """Writes all into the cache folder that is being made.

        Returns:
            Lines worth telling.
        """
        header = ("name", "number", "faces", *BOX, "aligned", "flag")
        _write(folder / FACES, header, self._rows)
        missing = [(row[0],) for row in self._rows if row[-1] == "no face"]
        _write(folder / NO_FACE, ("name",), missing)
        _write(folder / SEVERAL, ("name", *BOX, "chosen"), self._several)
        pages = self._sheet.save(folder)
        several = sum(row[-1] == "several faces" for row in self._rows)
        place = final_folder(folder)
        notes = [
            f"faces found in {self._found:,} of {len(self._rows):,} pictures, several in "
            f"{several:,} ({place / SEVERAL}); {len(missing):,} without a face are left out "
            f"({place / NO_FACE})"
        ]
        if self.align and self._unaligned:
            notes.append(
                f"eyes not found in {self._unaligned:,} faces, which are cut by their box "
                f"(aligned in {place / FACES})"
            )
        if pages:
            last = f" to {pages[-1].name}" if len(pages) > 1 else ""
            notes.append(
                f"look for false faces on {place / pages[0].name}{last}; their names, a line each, "
                "make the file for data.exclude"
            )
        return tuple(notes)


def _numbers(face: Detection) -> list[str]:
    return [*(f"{number:.1f}" for number in face.box), f"{face.score:.3f}"]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
