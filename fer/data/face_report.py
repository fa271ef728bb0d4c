"""What a person needs to look over the faces that a detector found: lists and a contact sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.cache import final_folder
from fer.data.contact_sheet import ContactSheet

FACES, NO_FACE, SEVERAL = "faces.csv", "no_face.csv", "several_faces.csv"
BOX = ("x", "y", "w", "h", "score")


def write_report(
    folder: Path, told: Iterable[Any], crops: Iterable[NDArray[np.uint8]], align: bool
) -> tuple[str, ...]:
    """Writes the lists and the sheet of all pictures, one picture in memory at a time.

    `faces.csv` has a row for each picture: its name, its number on the sheet, how many faces were
    found, the chosen one's box in pixels of the picture and its score, whether its eyes placed it,
    and a flag, `no face` or `several faces`. `no_face.csv` and `several_faces.csv` hold only these,
    the latter with every face. The first column of each is the name that `data.exclude` takes.

    Args:
        folder: The cache folder that is being made.
        told: Of each picture its name, `x, y, w, h, score` of every face in it, which of them was
            chosen, and whether its eyes placed it.
        crops: uint8 `[h, w]` or `[h, w, 3]`, one for each picture with a face.
        align: Whether faces are to be placed by their eyes, so that the others are counted.

    Returns:
        Lines worth telling.
    """
    pictures = found = unaligned = several = 0
    sheet, faces_in_order = ContactSheet(), iter(crops)
    with ExitStack() as files:
        every = files.enter_context(
            _table(folder / FACES, ("name", "number", "faces", *BOX, "aligned", "flag"))
        )
        missing = files.enter_context(_table(folder / NO_FACE, ("name",)))
        crowded = files.enter_context(_table(folder / SEVERAL, ("name", *BOX, "chosen")))
        for name, faces, chosen, aligned in told:
            pictures += 1
            if not faces:
                every.writerow((name, "", 0, *[""] * len(BOX), "", "no face"))
                missing.writerow((name,))
                continue
            found += 1
            unaligned += align and not aligned
            flag, counted = "", ""
            if len(faces) > 1:
                several += 1
                flag, counted = "several faces", f"  {len(faces)} faces"
                crowded.writerows(
                    (name, *_numbers(face), k == chosen) for k, face in enumerate(faces)
                )
            every.writerow((name, found, len(faces), *_numbers(faces[chosen]), aligned, flag))
            score = faces[chosen][-1]
            sheet.add(next(faces_in_order), [f"{found}  {score:.2f}{counted}", name])
    pages, place = sheet.save(folder), final_folder(folder)
    notes = [
        f"faces found in {found:,} of {pictures:,} pictures, several in {several:,} "
        f"({place / SEVERAL}); {pictures - found:,} without a face are left out "
        f"({place / NO_FACE})"
    ]
    if unaligned:
        notes.append(
            f"eyes not found in {unaligned:,} faces, which are cut by their box "
            f"(aligned in {place / FACES})"
        )
    if pages:
        last = f" to {pages[-1].name}" if len(pages) > 1 else ""
        notes.append(
            f"look for false faces on {place / pages[0].name}{last}; their names, a line each, "
            "make the file for data.exclude"
        )
    return tuple(notes)


def _numbers(face: Sequence[float]) -> list[str]:
    *box, score = face
    return [*(f"{number:.1f}" for number in box), f"{score:.3f}"]


@contextmanager
def _table(path: Path, header: Sequence[str]) -> Iterator[Any]:
    """A CSV file to write rows to."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        yield writer
