"""JAFFE: Lyons et al. 1998, 213 pictures of 10 women; who and what is in a picture's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from fer.data.faces import SEVEN, Faces
from fer.data.readers import OnBad
from fer.data.readers.picture_reader import Picture, PictureReader

PICTURES, PEOPLE = 213, 10
CODES = dict(zip(("AN", "DI", "FE", "HA", "SA", "SU", "NE"), range(len(SEVEN)), strict=True))

_NAME = re.compile(r"([A-Z]{2})[._-]([A-Z]{2})(\d*)[._-](\d+)", re.IGNORECASE)


class JaffeReader(PictureReader):
    """The pictures of a folder and of the folders in it, whatever lies between them."""

    name = "jaffe"
    title = "JAFFE"
    classes = SEVEN
    folders = ("jaffe", "jaffedbase", "jaffeimages")
    layout = "the folder with pictures such as KA.AN1.39.tiff (also .png or .jpg)"

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield every picture whose name says person and expression."""
        for file in self.files:
            parts = _NAME.match(PurePosixPath(file.name).name)
            label = CODES.get(parts[2].upper()) if parts else None
            if parts is None or label is None:
                on_bad(
                    file.name,
                    "does not say person and expression as KA.AN1.39 does "
                    f"(expressions {', '.join(CODES)})",
                )
                continue
            if not self.is_first(parts[0].upper(), file.name, None, on_bad):
                continue
            yield Picture(file.name, label, subject=parts[1].upper())

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Compares the counts with the official ones."""
        assert faces.subject is not None
        people = len(set(faces.subject.tolist()))
        if (len(faces), people) == (PICTURES, PEOPLE):
            return tuple(self.told)
        told = (
            f"JAFFE has {len(faces):,} pictures of {people} people, not the official "
            f"{PICTURES} of {PEOPLE}"
        )
        return (*self.told, told)
