"""RAF-DB: Li et al. 2017, the single-label part ("basic"), faces from the web."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fer.data.faces import SEVEN, Faces
from fer.data.readers import OnBad
from fer.data.readers.files import is_picture
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import Preparer
from fer.errors import DataError

NUMBERS = dict(
    zip(
        "1234567",
        ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"),
        strict=True,
    )
)
OFFICIAL = {"training": 12_271, "test": 3_068}

_LISTS = ("list_patition_label.txt", "list_partition_label.txt")
_PICTURE = re.compile(r"((train|test)_\d+)(_aligned)?\.\w+", re.IGNORECASE)
_PARTS = {"train": "training", "test": "test"}


class RafDbReader(PictureReader):
    """Pictures with the list of their labels, or in folders numbered 1 to 7 as on Kaggle.

    Args:
        path: The folder that holds `EmoLabel` and `Image`; further folders around them do no harm.
        preparer: Makes faces of the pictures.
        exclude: The list of pictures to leave out.
        aligned: Whether to take `train_00001_aligned.jpg` or the whole picture `train_00001.jpg`.
    """

    name = "rafdb"
    title = "RAF-DB"
    classes = SEVEN
    folders = ("RAF-DB", "rafdb", "raf_db", "basic")
    layout = (
        "the folder with EmoLabel/list_patition_label.txt and "
        "Image/aligned/train_00001_aligned.jpg, or Kaggle's with train/1/train_00001_aligned.jpg"
    )

    def __init__(
        self,
        path: str | Path,
        preparer: Preparer,
        exclude: str | Path | None = None,
        aligned: bool = True,
    ) -> None:
        if not aligned:
            self.layout = (
                "the folder with EmoLabel/list_patition_label.txt and whole pictures such as "
                "Image/original/train_00001.jpg, which data.pictures=original asks for"
            )
        super().__init__(path, preparer, exclude)
        self.aligned = aligned
        self.options = f"aligned={aligned}"

    def wanted(self, name: str) -> bool:
        """Pictures of the chosen kind and the list of labels count."""
        if name.lower() in _LISTS:
            return True
        found = _PICTURE.fullmatch(name)
        return is_picture(name) and (found is None or bool(found[3]) == self.aligned)

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield every picture that has a label."""
        listed = [f.name for f in self.files if not is_picture(f.name)]
        listed.sort(key=lambda name: "compound" in name.lower())  # that part's own list comes last
        labels = self._listed(listed[0], on_bad) if listed else None
        there: set[str] = set()
        unlisted = 0
        for name in (file.name for file in self.files if is_picture(file.name)):
            parts = _PICTURE.fullmatch(PurePosixPath(name).name)
            if parts is None:
                on_bad(name, "is not named as train_00001.jpg or train_00001_aligned.jpg")
                continue
            key = parts[1].lower()
            if labels is None:
                number = PurePosixPath(name).parent.name
                label = NUMBERS.get(number)
                if label is None:
                    on_bad(
                        name,
                        f"has no label: there is no {_LISTS[0]}, and its folder {number!r} is not "
                        "numbered 1 to 7",
                    )
                    continue
            elif key not in labels:
                unlisted += 1
                continue
            else:
                label = labels[key]
            there.add(key)
            if not self.is_first(key, name, label, on_bad):
                continue
            part = _PARTS[parts[2].lower()]
            yield Picture(name, SEVEN.index(label), part)
        for key in sorted((labels or {}).keys() - there):
            on_bad(f"{key}.jpg", f"is listed in {listed[0]}, but its picture is not there")
        if unlisted:
            self.told.append(
                f"RAF-DB: {unlisted:,} pictures have no label in {listed[0]} and are left out"
            )

    def _listed(self, name: str, on_bad: OnBad) -> dict[str, str]:
        """The labels of a list with lines such as `train_00001.jpg 5`, by `train_00001`.

        A picture with two different labels has none.

        Raises:
            DataError: The list cannot be read, or has no such line.
        """
        try:
            text = (self.root / name).read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise DataError(f"{self.root / name} cannot be read ({error})") from error
        found: dict[str, str] = {}
        unclear: set[str] = set()
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words:
                continue
            parts = _PICTURE.fullmatch(words[0])
            label = NUMBERS.get(words[1]) if len(words) == 2 else None
            if parts is None or label is None:
                on_bad(
                    f"{name} line {number}",
                    f"is {line.strip()!r:.60}, not a picture and a number from 1 to 7",
                )
                continue
            key = parts[1].lower()
            first = found.setdefault(key, label)
            if first != label:
                unclear.add(key)
                on_bad(f"{name} line {number}", f"says {label} of {key}, a line before {first}")
        if not found:
            raise DataError(
                f"{self.root / name} has no lines such as train_00001.jpg 5: restore it"
            )
        return {key: label for key, label in found.items() if key not in unclear}

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Compares the counts with the official ones."""
        assert faces.part is not None
        told = []
        for part, due in OFFICIAL.items():
            count = int(np.sum(faces.part == part))
            if count != due:
                told.append(f"RAF-DB's {part} part has {count:,} faces, not the official {due:,}")
        return (*self.told, *told)
