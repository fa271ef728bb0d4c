"""From a picture file to a face of fixed size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer.data.readers import OnBad, Record
from fer.data.readers.pictures import MAX_BYTES, BadPictureError, open_picture, rgb_pixels


class Preparer(Protocol):
    """Turns a picture into a face of fixed size. It may be sent to another process.

    Attributes:
        key: Text that changes whenever its settings do.
    """

    key: str

    def __call__(self, name: str, image: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Make a face of a picture.

        Args:
            name: Of the picture, for what it tells.
            image: uint8 `[H, W, 3]`, RGB.

        Returns:
            uint8 `[h, w]` or `[h, w, 3]`, the same size every time; None leaves the picture out.
        """

    def told(self) -> list[Any]:
        """What is to be told of the pictures since this was last asked: plain values."""

    def notes(
        self, folder: Path, told: Iterable[Any], faces: Iterable[NDArray[np.uint8]]
    ) -> tuple[str, ...]:
        """Called once, after the last picture.

        Args:
            folder: The cache that is being made; it may write lists and sheets there.
            told: All that was told, in the order of the pictures.
            faces: All faces that were made, in that order.

        Returns:
            Lines worth telling.
        """


class WholePicture:
    """The whole picture, brought to one size.

    Args:
        height: Of the result, in pixels.
        width: Of the result, in pixels.
        colour: Whether to keep the colours.
    """

    def __init__(self, height: int, width: int, colour: bool) -> None:
        self.size, self.colour = (width, height), colour
        self.key = f"whole {height} x {width} {'colour' if colour else 'gray'}"

    def __call__(self, name: str, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Gives uint8 `[height, width]`, or `[height, width, 3]` in colour."""
        picture = Image.fromarray(image)
        if not self.colour:
            picture = picture.convert("L")
        if picture.size != self.size:
            picture = picture.resize(self.size, Image.Resampling.BILINEAR)
        return np.asarray(picture)

    def told(self) -> list[Any]:
        """Has nothing to tell."""
        return []

    def notes(
        self, folder: Path, told: Iterable[Any], faces: Iterable[NDArray[np.uint8]]
    ) -> tuple[str, ...]:
        """Has nothing to tell."""
        return ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file, and what the data set says of it; fields as in `Record`.

    The name leads to the file from the reader's `root`.
    """

    name: str
    label: int
    part: str | None = None
    subject: str | None = None
    sequence: str | None = None


class PictureOpener:
    """Makes faces of picture files.

    Args:
        root: The folder that their names are relative to.
        preparer: Makes faces of pictures.
    """

    def __init__(self, root: Path, preparer: Preparer) -> None:
        self.root, self.preparer = root, preparer

    def __call__(self, picture: Picture, on_bad: OnBad) -> Record | None:
        """The face of a picture; None where the file is bad, or the preparer leaves it out."""
        try:
            return self._record(picture)
        except BadPictureError as error:
            on_bad(picture.name, str(error))
            return None

    def told(self) -> list[Any]:
        """What the preparer tells."""
        return self.preparer.told()

    def _record(self, picture: Picture) -> Record | None:
        try:
            with (self.root / picture.name).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise BadPictureError(f"cannot be read ({error})") from error
        face = self.preparer(picture.name, rgb_pixels(open_picture(data)))
        if face is None:
            return None
        return Record(
            face,
            picture.label,
            picture.name,
            picture.part,
            picture.subject,
            picture.sequence,
            file_hash=hashlib.sha256(data).digest(),
        )
