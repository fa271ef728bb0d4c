"""Pictures listed in a table: a CSV of `path,label[,part,subject]`."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fer.data.readers import PARTS, OnBad
from fer.data.readers.class_names import ClassNames, matching, part, validation_is_test
from fer.data.readers.files import File
from fer.data.readers.folder import FolderReader
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import Preparer
from fer.errors import DataError

TABLES = (".csv", ".tsv", ".txt")
REQUIRED = ("path", "label")


class _Row(NamedTuple):
    number: int
    path: str
    label: str
    part: str | None
    subject: str | None


class TableReader(PictureReader):
    """The pictures of a table, in its order.

    The first line names the columns; commas, semicolons or tabs stand between them. Paths are
    absolute or relative to the table.

    Args:
        path: The table.
        preparer: Makes faces of its pictures.
        exclude: The list of pictures to leave out, named as in the table.
        contempt: Whether contempt is a class where it is there; else it is left out.
        own_classes: Whether the labels are the classes; else they are matched with the expressions.
    """

    name = FolderReader.name
    title = "table"
    folders = ()
    layout = FolderReader.layout

    def __init__(
        self,
        path: str | Path,
        preparer: Preparer,
        exclude: str | Path | None = None,
        contempt: bool = True,
        own_classes: bool = False,
    ) -> None:
        super().__init__(path, preparer, exclude)
        self.root = self.path.parent
        self.own_classes = own_classes
        text = self._text()
        self.rows = list(_rows(self.path, text))
        labels = {row.label for row in self.rows if row.label}
        self.names = ClassNames(labels, contempt, own_classes)
        self.names.require_two(str(self.path), self.layout)
        self.classes = self.names.classes
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.options = f"contempt={contempt} own_classes={own_classes} {digest}"

    def _text(self) -> str:
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read ({error})") from error
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError(f"{self.path} is text in UTF-16: save it as UTF-8")
        return data.decode("utf-8-sig", errors="replace")

    @cached_property
    def files(self) -> list[File]:
        """The files of the rows, as far as they are there."""
        found = []
        for row in self.rows:
            try:
                status = (self.root / row.path).stat()
            except (OSError, ValueError):  # reading it will tell
                continue
            found.append(File(row.path, status.st_size, status.st_mtime_ns))
        return found

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield the pictures of all rows."""
        self.names.tell_unknown("label", on_bad)
        tested = validation_is_test({_part(row) for row in self.rows})
        with_part = any(row.part for row in self.rows)
        with_subject = any(row.subject for row in self.rows)
        there = {file.name for file in self.files}
        seen: dict[str, int] = {}
        dropped = 0
        for row in self.rows:
            first, used = seen.setdefault(row.path, row.number), _part(row)
            label = self.names.index(row.label)
            if not row.path or not row.label:
                on_bad(f"row {row.number}", f"has no {'label' if row.path else 'path'}")
            elif first != row.number:
                on_bad(row.path, f"stands in row {first} and again in row {row.number}")
            elif with_part and used is None:
                on_bad(
                    row.path,
                    f"has the part {row.part or ''!r:.40}, not training, validation or test",
                )
            elif with_subject and not row.subject:
                on_bad(row.path, "has no subject, where other rows have one")
            elif label is None:
                dropped += row.label in self.names.matched
            elif row.path not in there:
                on_bad(row.path, f"of row {row.number} is not there, seen from the table")
            else:
                used = "test" if tested and used == "validation" else used
                yield Picture(row.path, label, used, row.subject)
        if not self.own_classes:
            self.told.append(f"{self.title}: {matching(self.names.matched)}")
        if dropped:
            why = "show contempt (data.contempt=leave_out)"
            self.told.append(f"{self.title}: {dropped:,} pictures {why} and are left out")
        if tested:
            self.told.append(f"{self.title}: validation is the test part, as there is no other")


def _part(row: _Row) -> str | None:
    """The part of a row, by any of its names."""
    name = (row.part or "").strip().lower()
    return name if name in PARTS else part(name)


def _rows(path: Path, text: str) -> Iterator[_Row]:
    """The rows of a table; cells that are not there are empty."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    lines = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            raise DataError(
                f"{path}: the first line lacks the column {', '.join(missing)} (it has "
                f"{', '.join(header)!r:.80}); it must be path,label or path,label,part,subject"
            )
        for number, cells in enumerate(filter(None, lines), start=1):
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            yield _Row(
                number,
                row.get("path", "").replace("\\", "/"),
                row.get("label", ""),
                row.get("part") or None,
                row.get("subject") or None,
            )
    except csv.Error as error:
        raise DataError(f"{path}: line {lines.line_num} is no text table ({error})") from error
