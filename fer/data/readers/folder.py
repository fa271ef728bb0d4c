"""Any tree of class folders, such as `train/happy/12.jpg` or `happy/12.jpg`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from fer.data.readers import OnBad
from fer.data.readers.class_names import (
    ClassNames,
    expression,
    matching,
    part,
    validation_is_test,
)
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import Preparer
from fer.errors import DataError


class _Place(NamedTuple):
    """What the folders above a picture say; None where they do not.

    Attributes:
        part: Training, validation or test.
        label: The class folder's name.
        top: The folders down to the one that says the part.
    """

    part: str | None
    label: str | None
    top: str = ""


class FolderReader(PictureReader):
    """Pictures whose folders name their class and, above that, perhaps their part.

    Folders around the whole and below the class folders do no harm.

    Args:
        path: The folder.
        preparer: Makes faces of its pictures.
        exclude: The list of pictures to leave out.
        contempt: Whether contempt is a class where it is there; else it is left out.
        own_classes: Whether the folders' names are the classes; else they are matched with the
            expressions.
    """

    name = "folder"
    title = "folder"
    folders: ClassVar[tuple[str, ...]] = ()
    layout = (
        "a folder of class folders such as happy/12.jpg or train/happy/12.jpg and "
        "test/happy/13.jpg, or a CSV of path,label[,part,subject]"
    )

    def __init__(
        self,
        path: str | Path,
        preparer: Preparer,
        exclude: str | Path | None = None,
        contempt: bool = True,
        own_classes: bool = False,
    ) -> None:
        super().__init__(path, preparer, exclude)
        self.own_classes = own_classes
        self.options = f"contempt={contempt} own_classes={own_classes}"
        folders = {_folder(file.name) for file in self.files}
        split = [folder.split("/") if folder else [] for folder in folders]
        around = _common(split)
        self.places = {
            folder: self._place(parts, around) for folder, parts in zip(folders, split, strict=True)
        }
        labels = {place.label for place in self.places.values() if place.label is not None}
        self.names = ClassNames(labels, contempt, own_classes)
        self.names.require_two(str(self.path), self.layout)
        self.classes = self.names.classes

    def _place(self, parts: list[str], around: int) -> _Place:
        """What the folders of a picture say.

        Args:
            parts: Their names, from the top.
            around: How many of them stand around the whole.
        """
        found = next((number for number, name in enumerate(parts) if part(name)), None)
        own = around if found is None else found + 1
        while found is not None and own < len(parts) and part(parts[own]):
            own += 1  # as in Train/Train_Aligned_Faces
        label = parts[own] if own < len(parts) else None
        if not self.own_classes:
            label = next(filter(expression, parts), label)
        if found is None:
            return _Place(None, label)
        return _Place(part(parts[found]), label, "/".join(parts[: found + 1]))

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield the pictures of all class folders."""
        self.names.tell_unknown("class folder", on_bad)
        parts = {place.part for place in self.places.values() if place.label in self.names.matched}
        if None in parts and len(parts) > 1:
            raise DataError(
                f"{self.path}: some class folders stand in train, val or test, others do not; "
                "set data.path to the folder that has all of them, or move the others away"
            )
        tested = validation_is_test(parts)
        left_out: Counter[str] = Counter()
        for file in self.files:
            place = self.places[_folder(file.name)]
            if place.label is None:
                if place.part == "test":
                    left_out["of the test part have no class folder"] += 1
                else:
                    on_bad(file.name, "stands in no class folder")
                continue
            label = self.names.index(place.label)
            if label is None:
                if place.label in self.names.matched:
                    left_out["show contempt (data.contempt=leave_out)"] += 1
                continue
            used = "test" if tested and place.part == "validation" else place.part
            yield Picture(file.name, label, used, *self.details(file.name))
        if not self.own_classes:
            self.told.append(f"{self.title}: {matching(self.names.matched)}")
        for why, count in left_out.items():
            self.told.append(f"{self.title}: {count:,} pictures {why} and are left out")
        if tested:
            self.told.append(f"{self.title}: validation is the test part, as there is no other")

    def details(self, name: str) -> tuple[str | None, str | None]:
        """Subject and sequence, where a picture's name says them."""
        return None, None


def _common(paths: list[list[str]]) -> int:
    """How many names at the beginning all paths share."""
    shared = 0
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        shared += 1
    return shared


def _folder(name: str) -> str:
    """The folders in a picture's name."""
    return name.rpartition("/")[0]
