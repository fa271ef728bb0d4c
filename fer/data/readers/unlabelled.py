"""A folder of face pictures that nobody has labelled."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fer.data.readers import OnBad, Reader, Record
from fer.data.readers.pictures import BadPictureError, open_picture
from fer.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


class UnlabelledReader(Reader):
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

    def __init__(self, path: Path, classes: tuple[str, ...], shape: tuple[int, ...]) -> None:
        if not path.is_dir():
            raise DataError(f"pseudo.path={path} is no folder: name one that holds face pictures")
        self.path, self.classes, self.shape = path, classes, shape
        self.files = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
        if not self.files:
            raise DataError(f"pseudo.path={path} holds no pictures ({', '.join(SUFFIXES)})")

    @property
    def origin(self) -> str:
        """The folder."""
        return str(self.path)

    def source_key(self) -> str:
        """Text that changes whenever a file's name, size or time does."""
        lines = [str(self.shape)]
        for file in self.files:
            status = file.stat()
            lines.append(f"{self._name(file)}\0{status.st_size}\0{status.st_mtime_ns}")
        return f"folder {hashlib.sha256(os.fsencode(chr(10).join(lines))).hexdigest()}"

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.files)

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        """Yields every picture, named by its path below the folder."""
        for file in self.files:
            try:
                data = file.read_bytes()
                image = _shaped(open_picture(data), self.shape)
            except (OSError, BadPictureError) as error:
                on_bad(self._name(file), str(error))
                continue
            yield Record(image, 0, self._name(file), file_hash=hashlib.sha256(data).digest())

    def _name(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()


def _shaped(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The upright picture in gray or colour, resized (antialiased) if it has another size."""
    upright = ImageOps.exif_transpose(image).convert("L" if len(shape) == 2 else "RGB")
    size = (shape[1], shape[0])
    if upright.size != size:
        upright = upright.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(upright)
