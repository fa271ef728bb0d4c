"""A person's list of pictures to leave out."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from fer.data.readers.files import SUFFIXES
from fer.errors import DataError

_HEADER = re.compile(r"name\s*([,;\t].*)?", re.IGNORECASE)
_ENDS = "|".join(re.escape(suffix) for suffix in sorted(SUFFIXES, reverse=True))
_FIRST_COLUMN = re.compile(rf"(.+?(?:{_ENDS}))\s*[,;\t].*", re.IGNORECASE)
_SHOWN = 5


class Exclusion:
    """Which pictures to leave out, and which of the list were met.

    A picture is named as in `predictions.csv`, or by the last parts of that name
    (`happy/12.png`, `12.png`) where only one picture ends so.

    Args:
        path: A text file with a name per line and `#` before comments, or a CSV whose first column
            is called `name`; None for an empty list.

    Raises:
        DataError: The file cannot be read.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path).expanduser()
        self.text = ""
        if self.path is not None:
            try:
                self.text = self.path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(
                    f"data.exclude={path} cannot be read ({error}); it is a text file with the "
                    "name of a picture per line"
                ) from error
        try:
            self.names = frozenset(_names(self.text))
        except csv.Error as error:
            raise DataError(f"data.exclude={path} has a line that is no name ({error})") from error
        self.met: dict[str, str] = {}

    @property
    def key(self) -> str:
        """Text that changes whenever the names do."""
        return hashlib.sha256("\n".join(sorted(self.names)).encode()).hexdigest()

    def covers(self, name: str) -> bool:
        """Whether a picture is on the list.

        Raises:
            DataError: The line that it is on stands for another picture as well.
        """
        parts = name.split("/") if self.names else []
        for start in range(len(parts)):
            entry = "/".join(parts[start:])
            if entry not in self.names:
                continue
            other = self.met.setdefault(entry, name)
            if other != name:
                raise DataError(
                    f"data.exclude={self.path}: {entry} stands for {other} and for {name}; "
                    "write the folder too"
                )
            return True
        return False

    def check(self, folder: Path) -> None:
        """Refuses a list with names that are not there, once all pictures were seen.

        Args:
            folder: Of the data set; a file there that is not used anyway may be on the list.

        Raises:
            DataError: Names the missing pictures.
        """
        missing = sorted(n for n in self.names - self.met.keys() if not _is_file(folder / n))
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
            raise DataError(
                f"data.exclude={self.path}: {len(missing)} of {len(self.names)} names are not in "
                f"{folder}: {shown}; correct or remove these lines"
            )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file could have
        return False


def _names(text: str) -> Iterator[str]:
    """The names in the lines, whether they stand alone or in front of other columns."""
    for number, line in enumerate(text.splitlines()):
        line = line.strip()
        if not line or line.startswith("#") or (number == 0 and _HEADER.fullmatch(line)):
            continue
        line = line.partition(" #")[0].rstrip()
        if line.startswith('"'):
            line = next(csv.reader([line]))[0]
        found = _FIRST_COLUMN.fullmatch(line)
        yield (found[1] if found else line).replace("\\", "/").removeprefix("./")
