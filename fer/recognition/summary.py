"""What `fer.predict` prints: a table of faces, and how often each expression was met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from fer.recognition.recognizer import Face

if TYPE_CHECKING:
    from fer.recognition.sources import Frame


class Summary:
    """Counts, and the first faces.

    Args:
        classes: Names of the classes.
        rows: Faces that are shown one by one, at most.
        written: Whether all faces are written into a file, too.

    Attributes:
        frames: Pictures and frames that were looked at.
        faces: Faces that were found.
    """

    def __init__(self, classes: Sequence[str], rows: int, written: bool = False) -> None:
        self.rows, self.written = rows, written
        self.frames = self.faces = self.empty = self.unsure = 0
        self._what = "picture"
        self._counts = dict.fromkeys(classes, 0)
        self._confidences = dict.fromkeys(classes, 0.0)
        self._table = _table("source", "at", "face", "expression", "confidence", "box (x, y, w, h)")
        self._table.columns[1].justify = self._table.columns[2].justify = "right"

    def add(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Counts the faces of a frame."""
        self.frames += 1
        self._what = "picture" if frame.number is None else "frame"
        self.empty += not faces
        for number, face in enumerate(faces):
            if self.faces < self.rows:
                self._add_row(frame, number, face)
            self.faces += 1
            self.unsure += face.sure is False
            self._counts[face.label] += 1
            self._confidences[face.label] += face.confidence

    def _add_row(self, frame: Frame, number: int, face: Face) -> None:
        at = "" if frame.seconds is None else f"{frame.seconds:.2f} s"
        label = f"{face.label}?" if face.sure is False else face.label
        place = ", ".join(str(round(side)) for side in face.box)
        self._table.add_row(frame.source, at, str(number), label, f"{face.confidence:.3f}", place)

    def show(self) -> None:
        """Prints the table and the summary."""
        console = Console()
        if self.rows and self.faces:
            console.print(self._table)
        if self.faces > self.rows > 0:
            where = "in the file" if self.written else "faces=<file> writes them all"
            print(f"... and {self.faces - self.rows:,} more: {where}")
        if self.faces:
            table = _table("expression", "faces", "share", "mean confidence")
            for name, count in self._counts.items():
                mean = f"{self._confidences[name] / count:.3f}" if count else ""
                table.add_row(name, f"{count:,}", f"{count / self.faces:.1%}", mean)
            for column in table.columns[1:]:
                column.justify = "right"
            console.print(table)
        words = [f"{_counted(self.faces, 'face')} in {_counted(self.frames, self._what)}"]
        words += [f"{self.empty:,} without a face"] if self.empty else []
        words += [f"{_counted(self.unsure, 'answer')} not sure (?)"] if self.unsure else []
        print(", ".join(words))


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD)
