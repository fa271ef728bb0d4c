"""FER2013 in each form that people have: Kaggle's zip, its folder, and the two tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer.data.faces import SEVEN, Faces
from fer.data.readers import OnBad, Reader, Record
from fer.data.readers.fer2013_csv import csv_key, csv_records
from fer.data.readers.fer2013_pictures import folder_key, folder_records, zip_key, zip_records
from fer.errors import DataError

OFFICIAL_COUNTS = {
    "training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "public": (467, 56, 496, 895, 653, 415, 607),
    "private": (491, 55, 528, 879, 594, 416, 626),
}
"""Faces per part, in the order of the classes."""

FORMS = {
    "zip": (zip_key, zip_records),
    "csv": (csv_key, csv_records),
    "folder": (folder_key, folder_records),
}
KNOWN_NAMES = (
    "fer2013",
    "fer2013.zip",
    "archive",
    "archive.zip",
    "fer2013.csv",
    "icml_face_data.csv",
)
KAGGLE_NAME = "msambare/fer2013"
HOW_TO_GET_IT = (
    "get it from https://www.kaggle.com/datasets/msambare/fer2013 and set data.path to the zip, "
    "its unpacked folder, fer2013.csv or icml_face_data.csv, or put it into the folder of "
    "paths.data; or, with internet, set "
    'data.download=true, which calls kagglehub.dataset_download("msambare/fer2013")'
)


class Fer2013Reader(Reader):
    """The 35,887 gray 48 x 48 faces of FER2013, whatever their form.

    Forms that hold the same pixels give identical arrays.
    """

    name = "fer2013"
    classes = SEVEN
    order_by_content = True

    def __init__(self, path: str | Path) -> None:
        """Find out which form is there.

        Args:
            path: The zip, the folder with train/ and test/, the table, or a folder that contains
                one of them.

        Raises:
            DataError: There is nothing, or nothing of FER2013.
        """
        path = Path(path).expanduser()
        if not path.exists():
            raise DataError(f"data.path={path} does not exist: {HOW_TO_GET_IT}")
        found = _search(path)
        if found is None:
            raise DataError(
                f"nothing of FER2013 in {path} (looked for train/ and test/, "
                f"{', '.join(KNOWN_NAMES)}): {HOW_TO_GET_IT}"
            )
        self.path = found
        self.form = "folder" if found.is_dir() else found.suffix.lower().removeprefix(".")
        if self.form not in FORMS:
            raise DataError(f"{found} is neither a folder nor a .zip nor a .csv: {HOW_TO_GET_IT}")

    @property
    def origin(self) -> str:
        """The path of what is read."""
        return str(self.path)

    def source_key(self) -> str:
        """Text that changes whenever the source does; found without reading all of it."""
        key, _ = FORMS[self.form]
        try:
            return key(self.path)
        except OSError as error:
            raise DataError(f"{self.path} cannot be read ({error})") from error

    def __len__(self) -> int:
        """The official number of faces."""
        return sum(map(sum, OFFICIAL_COUNTS.values()))

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        """Yield every face, gray 48 x 48, in the order of the source."""
        _, read = FORMS[self.form]
        return read(self.path, on_bad)

    def check(self, faces: Faces) -> tuple[str, ...]:
        """Compare the counts per part and class with the official ones.

        Returns:
            A line for each part that deviates.

        Raises:
            DataError: A class has no face in one of the parts.
        """
        assert faces.part is not None
        notes = []
        for part, official in OFFICIAL_COUNTS.items():
            found = np.bincount(faces.labels[faces.part == part], minlength=len(SEVEN)).tolist()
            empty = [name for name, count in zip(SEVEN, found, strict=True) if not count]
            if empty:
                raise DataError(
                    f"{self.path}: the part {part} has no faces of {', '.join(empty)}; "
                    "unpack or download FER2013 again"
                )
            differing = ", ".join(
                f"{name} {count:,} (official {due:,})"
                for name, count, due in zip(SEVEN, found, official, strict=True)
                if count != due
            )
            if differing:
                notes.append(
                    f"FER2013's {part} part has {sum(found):,} faces, not the official "
                    f"{sum(official):,}: {differing}"
                )
        return tuple(notes)


def find_fer2013(path: str | None, data_dir: Path | None, download: bool) -> Path:
    """Find FER2013 where the settings say, else in the data folder, else on Kaggle if allowed.

    Args:
        path: `data.path`; where given, nothing else is looked at.
        data_dir: The folder that holds all data sets.
        download: Whether kagglehub may fetch it.

    Returns:
        A path for `Fer2013Reader`.

    Raises:
        DataError: It is not there; the message says how to get it.
    """
    if path is not None:
        return Path(path)
    found = _search(data_dir.expanduser()) if data_dir is not None else None
    if found is not None:
        return found
    if download:
        return _download()
    where = f"not found in the data folder {data_dir}" if data_dir else "no path given"
    raise DataError(f"FER2013: {where}: {HOW_TO_GET_IT}")


def _search(path: Path) -> Path | None:
    """The path itself, or what it contains under one of the known names."""
    if path.is_file():
        return path
    for folder in (path, path / KNOWN_NAMES[0]):
        for candidate in (folder, *(folder / name for name in KNOWN_NAMES)):
            if candidate.is_file() or any((candidate / top).is_dir() for top in ("train", "test")):
                return candidate
    return None


def _download() -> Path:
    try:
        import kagglehub
    except ImportError as error:
        raise DataError(
            f"data.download=true needs kagglehub: pip install kagglehub; or {HOW_TO_GET_IT}"
        ) from error
    try:
        return Path(kagglehub.dataset_download(KAGGLE_NAME))
    except Exception as error:  # whatever a network does
        raise DataError(
            f"Kaggle's FER2013 could not be downloaded ({error}); check the internet connection, "
            "or fetch https://www.kaggle.com/datasets/msambare/fer2013 with a browser and set "
            "data.path"
        ) from error
