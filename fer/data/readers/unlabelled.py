"""A folder of face pictures that nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from fer.data.readers import OnBad
from fer.data.readers.files import SUFFIXES, File, is_picture, scan
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import WholePicture
from fer.errors import DataError


class UnlabelledReader(PictureReader):
    """Every picture below a folder, the whole of it brought to one shape.

    The label of every face is 0 and has no meaning.

    Args:
        path: The folder, with or without folders in it.
        classes: What the faces will be told apart by.
        shape: `(H, W)` for gray or `(H, W, 3)` for colour.

    Raises:
        DataError: There is no such folder, or no picture in it.
    """

    name = "unlabelled"
    title = "pictures without labels"
    folders = ()
    layout = "a folder of face pictures"

    def __init__(self, path: Path, classes: tuple[str, ...], shape: tuple[int, ...]) -> None:
        if not path.is_dir():
            raise DataError(f"pseudo.path={path} is no folder: name one that holds face pictures")
        super().__init__(path, WholePicture(shape[0], shape[1], colour=len(shape) == 3))
        self.classes = classes
        if not self.files:
            known = ", ".join(sorted(SUFFIXES))
            raise DataError(f"pseudo.path={path} holds no pictures ({known})")

    @cached_property
    def files(self) -> list[File]:
        """The pictures, sorted by name; there may be none."""
        return scan(self.path, is_picture)

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield every picture, named by its path below the folder."""
        for file in self.files:
            yield Picture(file.name, label=0)
