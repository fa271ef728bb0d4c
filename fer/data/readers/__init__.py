"""Readers: one per form in which people have a data set; each yields one record per face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces

PARTS = ("training", "validation", "public", "private", "test")
"""The publisher's own parts, in the order in which faces are stored."""

OnBad = Callable[[str, str], None]
"""Told the name of a bad file and the reason; raises, or returns and the file is left out."""


@dataclass(frozen=True)
class Record:
    """One face as a reader found it.

    Attributes:
        image: uint8 `[H, W]` (gray) or `[H, W, 3]` (RGB).
        label: Index into the reader's `classes`.
        name: Traces the face to its file or row.
        part: The publisher's own part, one of `PARTS`, where known.
        subject: The person, where known.
        sequence: The recording that this frame is from, where known.
        votes: Share of the annotators who chose each class, where known.
        targets: What training aims at in each class, where that is more than the label.
        file_hash: SHA-256 (32 bytes) of the source file, where there is one.
    """

    image: NDArray[np.uint8]
    label: int
    name: str
    part: str | None = None
    subject: str | None = None
    sequence: str | None = None
    votes: tuple[float, ...] | None = None
    targets: tuple[float, ...] | None = None
    file_hash: bytes | None = None


class Reader(ABC):
    """A data set on disk (or made up), read face by face.

    A subclass sets `name` and `classes` and writes the three abstract methods; the rest has
    defaults.

    Attributes:
        name: Short name, used for the cache folder.
        classes: Names of the classes, in the order of `EXPRESSIONS`.
        order_by_content: Store faces sorted by part, label, pixels and name, so that every form
            of the same data gives the same arrays; otherwise they stay in the order of `records`.
    """

    name: str
    classes: tuple[str, ...]
    order_by_content: bool = False

    @property
    def origin(self) -> str:
        """What to call the source in messages, such as its path."""
        return self.name

    @abstractmethod
    def source_key(self) -> str:
        """Text that changes whenever the source does; found without reading all of it."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of faces; an estimate is good enough, it only drives the progress bar."""

    @abstractmethod
    def records(self, on_bad: OnBad) -> Iterator[Record]:
        """Yield every face; all images have one shape.

        Args:
            on_bad: Called with (name, reason) for each file or row that cannot be used.

        Raises:
            DataError: The source as a whole cannot be used.
        """

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Look over the whole set once it is read.

        Returns:
            Lines worth telling and recording, such as deviations from official counts.

        Raises:
            DataError: The set cannot be used, for example because a class is empty.
        """
        return ()

    def finish(self, folder: Path) -> tuple[str, ...]:
        """Called once, when all is read.

        Args:
            folder: The cache that is being made; lists and pictures for people may be put there.

        Returns:
            More lines worth telling.
        """
        return ()
