"""What all data sets of picture files share: find, list, leave out."""

from __future__ import annotations

import filecmp
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces
from fer.data.readers import ListedReader, OnBad
from fer.data.readers.exclusion import Exclusion
from fer.data.readers.files import File, files_key, is_picture, scan
from fer.data.readers.preparing import Picture, PictureOpener, Preparer
from fer.errors import DataError


class PictureReader(ListedReader):
    """A data set of picture files. A subclass says which pictures there are.

    Attributes:
        title: What people call it.
        folders: Names under which it is looked for in `paths.data`.
        layout: What its folder holds, for messages.
        options: Text of the subclass's own settings; part of the source's key.
        root: The folder that the pictures' names are relative to.
        told: Lines that `check` hands on; filled by `pictures`.
    """

    title: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]
    layout: str
    options: str = ""

    def __init__(
        self, path: str | Path, preparer: Preparer, exclude: str | Path | None = None
    ) -> None:
        """Plan the reading; nothing is read yet but the list of pictures to leave out.

        Args:
            path: The folder of the data set.
            preparer: Makes faces of its pictures.
            exclude: The list of pictures to leave out.

        Raises:
            DataError: That list cannot be read.
        """
        self.path = self.root = Path(path).expanduser()
        self.preparer = preparer
        self.exclusion = Exclusion(exclude)
        self.told: list[str] = []
        self._places: dict[Hashable, tuple[str, str | None]] = {}
        self._twice = 0

    @classmethod
    def find(cls, path: str | None, data_dir: Path) -> Path:
        """The data set's place: `data.path`, else what lies in the data folder under its name.

        Raises:
            DataError: It is not there; the message says what is looked for.
        """
        if path is not None:
            if Path(path).expanduser().exists():
                return Path(path)
            raise DataError(f"data.path={path} does not exist: it is {cls.layout}")
        data_dir = data_dir.expanduser()
        known = [name.lower() for name in cls.folders]
        there = sorted(data_dir.iterdir()) if data_dir.is_dir() else []
        for folder in there:
            if folder.name.lower() in known and folder.is_dir():
                return folder
        if not cls.folders:
            raise DataError(f"data.path is not given: it is {cls.layout}")
        raise DataError(
            f"{cls.title}: not found in the data folder {data_dir} (looked for "
            f"{', '.join(cls.folders)}): set data.path to {cls.layout}"
        )

    @property
    def origin(self) -> str:
        """The path of what is read."""
        return str(self.path)

    @cached_property
    def files(self) -> list[File]:
        """The files that count, sorted by name.

        Raises:
            DataError: There is no such folder, or it holds nothing of the kind.
        """
        if not self.path.is_dir():
            raise DataError(
                f"data.path={self.path} is no folder: it is {self.layout}; unpack archives first"
            )
        found = scan(self.path, self.wanted)
        if not any(is_picture(file.name) for file in found):
            raise DataError(f"{self.path} holds no pictures: data.path is {self.layout}")
        return found

    def wanted(self, name: str) -> bool:
        """Whether a file counts, by its own name."""
        return is_picture(name)

    def source_key(self) -> str:
        """Text that changes with the files' names, sizes and times and with every setting."""
        return "\n".join(
            (self.options, self.preparer.key, self.exclusion.key, files_key(self.files))
        )

    def __len__(self) -> int:
        """At most so many faces."""
        return len(self.files)

    @abstractmethod
    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield every picture with its label, unopened.

        Args:
            on_bad: Called with (name, reason) for each file that cannot be used.

        Raises:
            DataError: The folder as a whole cannot be used.
        """

    def listed(self, on_bad: OnBad) -> list[Picture]:
        """The pictures that are not left out.

        Raises:
            DataError: The folder cannot be used, or the list of pictures to leave out names some
                that are not there.
        """
        self.told.clear()
        self._places.clear()
        self._twice = 0

        def unless_excluded(name: str, reason: str) -> None:
            if not self.exclusion.covers(name):
                on_bad(name, reason)

        listed = self.pictures(unless_excluded)
        kept = [picture for picture in listed if not self.exclusion.covers(picture.name)]
        self.exclusion.check(self.root)
        if self._twice:
            self.told.append(
                f"{self.title}: {self._twice:,} pictures that are there twice, byte by byte the "
                "same, are taken once"
            )
        if self.exclusion.names:
            self.told.append(f"{len(self.exclusion.met):,} names on data.exclude's list left out")
        return kept

    def opener(self) -> PictureOpener:
        """Opens, decodes, prepares."""
        return PictureOpener(self.root, self.preparer)

    def is_first(self, key: Hashable, name: str, label: str | None, on_bad: OnBad) -> bool:
        """Whether no picture before this one stands for the same.

        A second one is bad, unless it is a byte-identical copy with the same label, which is left
        out and counted.

        Args:
            key: What the picture stands for, such as a person's frame.
            name: Of the picture.
            label: What its place says of it; None where it says nothing.
            on_bad: Called with (name, reason) for a second picture that is no copy.
        """
        other, its_label = self._places.setdefault(key, (name, label))
        if other == name:
            return True
        if label == its_label and _same_bytes(self.root / name, self.root / other):
            self._twice += 1
        else:
            on_bad(name, f"is there twice, the other one is {other}")
        return False

    def check(self, faces: Faces) -> tuple[str, ...]:
        """What was met on the way."""
        return tuple(self.told)

    def finish(
        self, folder: Path, told: Iterable[Any], images: Iterable[NDArray[np.uint8]]
    ) -> tuple[str, ...]:
        """What is to be told of the preparation."""
        return self.preparer.notes(folder, told, images)


def _same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same; not where one cannot be read."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
