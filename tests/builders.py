"""Tiny data sets on disk, in the forms that people really have."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer.data.faces import SEVEN

PREFIXES = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}


def noise(label: int, seed: int, side: int = 48) -> NDArray[np.uint8]:
    """Random gray pixels, lighter from class to class."""
    rng = np.random.default_rng((label, seed))
    return rng.integers(25 * label, 25 * label + 100, (side, side)).astype(np.uint8)


def jpeg(image: NDArray[np.uint8] | Image.Image) -> bytes:
    """The bytes of a JPEG file."""
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def fer2013_files(per_class: int = 2) -> Iterator[tuple[str, str, int, bytes]]:
    """Usage, name, label and JPEG bytes of each face: 3 parts x 7 classes x `per_class`."""
    for place, (usage, top) in enumerate(PREFIXES.items()):
        for label, expression in enumerate(SEVEN):
            for number in range(per_class):
                seed = place * 1000 + number
                name = f"{top}/{expression}/{usage}_{seed}.jpg"
                yield usage, name, label, jpeg(noise(label, seed))


def fer2013_tree(folder: Path, per_class: int = 2) -> Path:
    """Kaggle's folder: train/<class>/Training_*.jpg, test/<class>/{PublicTest,PrivateTest}_*."""
    for _, name, _, data in fer2013_files(per_class):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def fer2013_zip(path: Path, per_class: int = 2, top: str = "") -> Path:
    """Kaggle's zip; `top` is a folder around everything, such as "fer2013/"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for _, name, _, data in fer2013_files(per_class):
            archive.writestr(top + name, data)
    return path


def fer2013_csv(path: Path, per_class: int = 2, leading_blanks: bool = False) -> Path:
    """The same pixels as `fer2013.csv`, or with `leading_blanks` as `icml_face_data.csv`."""
    lines = ["emotion, Usage, pixels" if leading_blanks else "emotion,pixels,Usage"]
    for usage, _, label, data in fer2013_files(per_class):
        pixels = " ".join(map(str, np.asarray(Image.open(io.BytesIO(data))).ravel().tolist()))
        lines.append(f"{label},{usage},{pixels}" if leading_blanks else f"{label},{pixels},{usage}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ferplus_row(label: int, number: int) -> list[int]:
    """Ten votes as made up for `fer2013_files`: six for the label, three for the next, one lost.

    The first neutral face of each part is everyone's contempt.
    """
    columns = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
    votes = [0] * 10
    if SEVEN[label] == "neutral" and number == 0:
        votes[7] = 10
        return votes
    place = columns.index(SEVEN[label])
    votes[place], votes[(place + 1) % 7], votes[8] = 6, 3, 1
    return votes


def fer2013new_csv(path: Path, per_class: int = 2, newline: str = "\n") -> Path:
    """Microsoft's votes for the rows of `fer2013_csv`."""
    lines = [
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    ]
    for row, (usage, _, label, _) in enumerate(fer2013_files(per_class)):
        votes = ferplus_row(label, row % per_class)
        lines.append(",".join([usage, f"fer{row:07}.png", *map(str, votes)]))
    path.write_text(newline.join(lines) + newline, encoding="utf-8", newline="")
    return path
