"""AffectNet: Mollahosseini et al. 2019, faces from the web, in the form given out since 2021.

The test labels were never given out: everybody tests on `val_set`, so it is the test part here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fer.data.faces import EXPRESSIONS, Faces
from fer.data.readers import OnBad
from fer.data.readers.files import is_picture
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import Preparer
from fer.errors import DataError

NUMBERS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
NO_EXPRESSION = range(8, 11)
"""None, uncertain, no face: in the larger edition only."""

OFFICIAL_TEST = {8: 3_999, 7: 3_500}
"""Pictures in `val_set` by number of classes: 500 of each, but 499 of contempt."""

_PARTS = {"train_set": "training", "val_set": "test"}
_LABEL = "_exp.npy"
_LABEL_BYTES = 4096
_NUMBER_BYTES = 64


class AffectNetReader(PictureReader):
    """Pictures with an array file each that holds the number of the expression.

    Args:
        path: The folder that holds `train_set` and `val_set`; further folders around them do no
            harm.
        preparer: Makes faces of the pictures.
        exclude: The list of pictures to leave out.
        contempt: Whether contempt is a class; else its pictures are left out.
    """

    name = "affectnet"
    title = "AffectNet"
    folders = ("AffectNet", "affect_net")
    layout = (
        "the folder with train_set/ and val_set/, each with images/0.jpg and annotations/0_exp.npy"
    )

    def __init__(
        self,
        path: str | Path,
        preparer: Preparer,
        exclude: str | Path | None = None,
        contempt: bool = True,
    ) -> None:
        super().__init__(path, preparer, exclude)
        self.classes = EXPRESSIONS if contempt else EXPRESSIONS[:7]
        self.options = f"contempt={contempt}"

    def wanted(self, name: str) -> bool:
        """Pictures and the expressions' files count."""
        return is_picture(name) or name.endswith(_LABEL)

    def __len__(self) -> int:
        """At most so many faces: half of the files are annotations."""
        return len(self.files) // 2

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield every picture that has an expression."""
        annotations = {f.name for f in self.files if f.name.endswith(_LABEL)}
        if not annotations:
            raise DataError(
                f"{self.path} holds no annotations/*{_LABEL}: data.path is {self.layout}"
            )
        used, none, contempt = set(), 0, 0
        for name in (file.name for file in self.files if is_picture(file.name)):
            place = PurePosixPath(name)
            folder = place.parent.parent
            part, label_file = _PARTS.get(folder.name), f"{folder}/annotations/{place.stem}{_LABEL}"
            if part is None or place.parent.name != "images":
                on_bad(name, "stands neither in train_set/images nor in val_set/images")
                continue
            label_file = label_file.removeprefix("./")
            if label_file not in annotations:
                on_bad(name, f"has no label: {label_file} is not there")
                continue
            used.add(label_file)
            try:
                number = _read_label(self.root / label_file)
            except ValueError as error:
                on_bad(label_file, str(error))
                continue
            if number in NO_EXPRESSION:
                none += 1
            elif NUMBERS[number] not in self.classes:
                contempt += 1
            else:
                label = self.classes.index(NUMBERS[number])
                yield Picture(name, label, part)
        for count, what in (
            (none, "pictures without an expression (numbers 8 to 10) left out"),
            (contempt, "pictures of contempt left out (data.contempt=leave_out)"),
            (len(annotations) - len(used), "annotations whose pictures are not there"),
        ):
            if count:
                self.told.append(f"AffectNet: {count:,} {what}")

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Compares the count of the test part with the official one."""
        assert faces.part is not None
        count, due = int(np.sum(faces.part == "test")), OFFICIAL_TEST[len(self.classes)]
        if count == due:
            return tuple(self.told)
        told = f"AffectNet's val_set has {count:,} faces, not the official {due:,}"
        return (*self.told, told)


def _read_label(path: Path) -> int:
    """The number in an array file that holds it as a text or a number.

    NumPy's head is looked at before anything is made of the rest: neither a pickle nor an array of
    gigabytes is ever opened.

    Raises:
        ValueError: Says why there is no number of an expression.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LABEL_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read ({error})") from error
    if len(data) > _LABEL_BYTES:
        raise ValueError("is no annotation: it is too large")
    stream = io.BytesIO(data)
    try:
        np.lib.format.read_magic(stream)
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        plain = kind.kind in "USiuf" and kind.itemsize <= _NUMBER_BYTES
        if not plain or any(side != 1 for side in shape):
            raise ValueError(f"it holds {kind} {shape}")
        number = float(np.frombuffer(stream.read(), kind, count=1)[0])
    except Exception as error:  # NumPy raises many kinds on garbage
        raise ValueError(f"holds no number of an expression ({error})") from error
    if number not in range(NO_EXPRESSION.stop):
        raise ValueError(f"holds {number:g}, not a number from 0 to {NO_EXPRESSION.stop - 1}")
    return int(number)
