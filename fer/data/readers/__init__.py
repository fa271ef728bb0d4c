"""Readers: one per form in which people have a data set; each yields one record per face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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
            Not for a `ListedReader`.
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


class Opener(Protocol):
    """Makes faces of what a reader has listed. It may be sent to another process."""

    def __call__(self, item: Any, on_bad: OnBad, /) -> Record | None:
        """The face of one item.

        Args:
            item: One of `ListedReader.listed`.
            on_bad: Called with (name, reason) where the item cannot be used.

        Returns:
            None where the item cannot be used, or is left out.
        """

    def told(self) -> list[Any]:
        """What was found since this was last asked, beside the faces; plain values, as in JSON."""


class ListedReader(Reader):
    """A data set whose items, such as files, are known before they are opened.

    It is read in blocks, by several processes side by side, each block kept once it is whole.
    """

    @abstractmethod
    def listed(self, on_bad: OnBad) -> Sequence[Any]:
        """All items, in the order of the faces: the same ones as long as `source_key` is the same.

        Args:
            on_bad: Called with (name, reason) for each item that cannot be used.

        Raises:
            DataError: The source as a whole cannot be used.
        """

    @abstractmethod
    def opener(self) -> Opener:
        """What makes faces of the items."""

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        """Yield a face for each item that is not left out, in this process."""
        opener = self.opener()
        for item in self.listed(on_bad):
            record = opener(item, on_bad)
            if record is not None:
                yield record

    def finish(
        self, folder: Path, told: Iterable[Any], images: Iterable[NDArray[np.uint8]]
    ) -> tuple[str, ...]:
        """Called once, when all is read.

        Args:
            folder: The cache that is being made; lists and pictures for people may be put there.
            told: What the openers told, in the order of the items.
            images: Of all faces, in that order.

        Returns:
            More lines worth telling.
        """
        return ()
