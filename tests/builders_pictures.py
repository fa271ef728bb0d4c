"""Small copies of the data sets of picture files, in exactly their layouts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.builders import noise

CKPLUS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
"""In the order of their numbers, from 1."""

RAFDB = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
JAFFE_PEOPLE = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
JAFFE_CODES = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
JUNK = (".DS_Store", "Thumbs.db", "__MACOSX/._a.png", "README")


def picture(path: Path, label: int, seed: int, size: tuple[int, int] = (40, 40)) -> Path:
    """Writes a gray noise picture of some width and height, lighter from class to class."""
    side = max(size)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(label, seed, side)[: size[1], : size[0]]).save(path)
    return path


def coloured(path: Path, label: int, seed: int, size: tuple[int, int] = (40, 40)) -> Path:
    """The same in colour: red is lighter than blue."""
    side = max(size)
    gray = noise(label, seed, side)[: size[1], : size[0]]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.stack([gray, gray // 2, gray // 4], axis=-1)).save(path)
    return path


def junk(folder: Path, below: Iterable[str] = ("",)) -> None:
    """What systems and publishers leave between the pictures."""
    for place in below:
        for name in JUNK:
            path = folder / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"junk")


def ckplus_tree(folder: Path, people: int = 4, frames: int = 8, unlabelled: int = 2) -> Path:
    """The original tree: each person shows all seven in sequences 001 to 007, then unlabelled ones.

    Frame k of a sequence has pixels of its number; an unlabelled sequence has an empty or no folder
    under Emotion.
    """
    for person in range(people):
        subject = f"S{5 + 5 * person:03}"
        for number in range(1, 8 + unlabelled):
            place = f"{subject}/{number:03}"
            for frame in range(1, frames + 1):
                name = f"{subject}_{number:03}_{frame:08}.png"
                label = number if frame > 1 else 0
                picture(folder / "cohn-kanade-images" / place / name, label, person * 100 + frame)
            if number <= len(CKPLUS):
                name = f"{subject}_{number:03}_{frames:08}_emotion.txt"
                label_file = folder / "Emotion" / place / name
                label_file.parent.mkdir(parents=True, exist_ok=True)
                label_file.write_text(f"   {number:.7e}\n")
            elif number % 2:
                (folder / "Emotion" / place).mkdir(parents=True, exist_ok=True)
    junk(folder / "cohn-kanade-images", ("", "S005", "S005/001"))
    junk(folder / "Emotion", ("", "S005/001"))
    return folder


def ckplus_small(folder: Path, people: int = 4) -> Path:
    """The folder of 48 x 48 faces: `CK+48/<class>/S010_004_00000017.png`, three a sequence."""
    for person in range(people):
        for number, name in enumerate(CKPLUS, start=1):
            for frame in (15, 16, 17):
                file = f"S{10 + person:03}_{number:03}_{frame:08}.png"
                picture(folder / "CK+48" / name / file, number, person * 100 + frame, (48, 48))
    junk(folder / "CK+48", ("", "anger"))
    return folder


def ckplus_complete(folder: Path) -> Path:
    """The original tree with all that its publishers put beside pictures and labels."""
    ckplus_tree(folder)
    pictures = folder / "cohn-kanade-images"
    for path in sorted(pictures.rglob("*.png")):
        place = path.relative_to(pictures).parent
        for name, ending in (("Landmarks", "landmarks"), ("FACS", "facs")):
            beside = folder / name / place / f"{path.stem}_{ending}.txt"
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text("   1.2000000e+01   0.0000000e+00\n")
    (folder / "ReadMeCohnKanadeDatabase_website.txt").write_text("CK+")
    (folder / "Consent-for-publication.pdf").write_bytes(b"%PDF")
    return folder


def ckplus_doubled(folder: Path, people: int = 4) -> Path:
    """Kaggle's archive of the 48 x 48 faces: the same folder twice, `CK+48/` and `ck/CK+48/`."""
    ckplus_small(folder, people)
    shutil.copytree(folder / "CK+48", folder / "ck" / "CK+48")
    return folder


def jaffe_folder(folder: Path, suffix: str = "tiff", people: int = 10, each: int = 2) -> Path:
    """`KA.AN1.39.tiff` and so on, side by side."""
    count = 0
    for person in JAFFE_PEOPLE[:people]:
        for label, code in enumerate(JAFFE_CODES):
            for number in range(1, each + 1):
                count += 1
                path = folder / f"{person}.{code}{number}.{count}.{suffix}"
                picture(path, label, count, (64, 64))
    junk(folder)
    return folder


def class_tree(folder: Path, names: Iterable[str], per_class: int = 4, suffix: str = "png") -> Path:
    """A folder per class, colour pictures of any size."""
    for label, name in enumerate(names):
        for number in range(per_class):
            path = folder / name / f"Airheads_{number:09}_{label:08}.{suffix}"
            coloured(path, label, number, (60 + number, 40))
    junk(folder, ("",))
    return folder


SFEW_CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")


def sfew_tree(folder: Path, per_class: int = 4) -> Path:
    """The first edition: a folder per class."""
    return class_tree(folder, SFEW_CLASSES, per_class)


def sfew2_tree(folder: Path, per_class: int = 4) -> Path:
    """SFEW 2.0: Train and Val by class, Test without labels."""
    class_tree(folder / "Train", SFEW_CLASSES, per_class)
    class_tree(folder / "Val", SFEW_CLASSES, 2)
    for number in range(3):
        coloured(folder / "Test" / f"Hangover_{number:09}_00000001.png", 0, number)
    return folder


def sfew2_whole_and_aligned(folder: Path) -> Path:
    """SFEW 2.0 as unpacked: the whole pictures, and beside them the faces cut out of them."""
    sfew2_tree(folder)
    for part, inner in (("Train", "Train_Aligned_Faces"), ("Val", "Val_Aligned_Faces_new")):
        aligned = folder / inner / ("" if part == "Train" else "Val_Aligned_Faces")
        shutil.copytree(folder / part, aligned)
    return folder


def rafdb_tree(folder: Path, train: int = 4, test: int = 2) -> Path:
    """`EmoLabel/list_patition_label.txt` and `Image/aligned/train_00001_aligned.jpg`."""
    lines = []
    for part, count in (("train", train), ("test", test)):
        for place in range(count * len(RAFDB)):
            label = place % len(RAFDB)
            name = f"{part}_{place + 1:05}"
            lines.append(f"{name}.jpg {label + 1}")
            coloured(folder / "Image" / "aligned" / f"{name}_aligned.jpg", label, place, (100, 100))
            coloured(folder / "Image" / "original" / f"{name}.jpg", label, place, (160, 120))
    (folder / "EmoLabel").mkdir()
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    junk(folder, ("", "Image", "Image/aligned"))
    return folder


def rafdb_compound(folder: Path) -> Path:
    """The part with two expressions a face: as `rafdb_tree`, labels 1 to 11, four digits."""
    lines = []
    for part in ("train", "test"):
        for place in range(11):
            name = f"{part}_{place + 1:04}"
            lines.append(f"{name}.jpg {place + 1}")
            path = folder / "Image" / "aligned" / f"{name}_aligned.jpg"
            coloured(path, place % 7, 900 + place, (100, 100))
    (folder / "EmoLabel").mkdir(parents=True)
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return folder


def rafdb_numbered(folder: Path, train: int = 4, test: int = 2) -> Path:
    """Kaggle's: `DATASET/train/1/train_00001_aligned.jpg`."""
    for part, count in (("train", train), ("test", test)):
        for place in range(count * len(RAFDB)):
            number = place % len(RAFDB) + 1
            name = f"{part}_{place + 1:05}_aligned.jpg"
            coloured(folder / "DATASET" / part / str(number) / name, number - 1, place, (100, 100))
        (folder / f"{part}_labels.csv").write_text("image,label\n")
    return folder


def affectnet_tree(folder: Path, train: int = 4, test: int = 2) -> Path:
    """`train_set` and `val_set`, each `images/` and `annotations/<id>_exp.npy`, as given out."""
    for part, count in (("train_set", train), ("val_set", test)):
        annotations = folder / part / "annotations"
        annotations.mkdir(parents=True)
        for place in range(count * len(AFFECTNET)):
            label = place % len(AFFECTNET)
            coloured(folder / part / "images" / f"{place}.jpg", label, place, (224, 224))
            annotate(annotations / f"{place}_exp.npy", np.array(str(label)))
            annotate(annotations / f"{place}_val.npy", np.array("-0.25"))
            annotate(annotations / f"{place}_aro.npy", np.array("0.5"))
            annotate(annotations / f"{place}_lnd.npy", np.zeros((68, 2)))
    junk(folder, ("", "train_set/images"))
    return folder


def annotate(path: Path, value: NDArray[np.generic]) -> None:
    """Writes an array file."""
    np.save(path, value, allow_pickle=True)
