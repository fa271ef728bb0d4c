"""Readers of data sets and pictures as targets."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
from PIL import Image

from fer.data.data_sets import build_data
from fer.data.faces import Faces
from fer.recognition.sources import open_source
from tests import builders, builders_pictures
from tests.composing import settings
from tests.faults.fuzzing.errors import RefusedError
from tests.faults.fuzzing.target import Target

SKIP = "data.on_bad_file=skip"
PICTURES = ("**/*.png", "**/*.jpg", "**/*.tiff")


def opened(name: str, *overrides: str, below: str = "") -> Callable[[Path, Path], Faces]:
    """What opens a data set as the commands do."""
    chosen = settings(f"data={name}", *overrides)

    def read(folder: Path, cache: Path) -> Faces:
        own = deepcopy(chosen)
        own["data"]["path"], own["paths"]["cache"] = str(folder / below), str(cache)
        faces = build_data(own).open(progress=False)
        assert faces.images.dtype == np.uint8 and len(faces.images) == len(faces.labels) > 0
        assert faces.labels.min() >= 0 and faces.labels.max() < len(faces.classes)
        assert len(faces.names) == len(set(faces.names.tolist())) == len(faces.labels)
        return faces

    return read


def _ferplus(folder: Path) -> None:
    builders.fer2013_csv(folder / "fer2013.csv", per_class=1)
    builders.fer2013new_csv(folder / "fer2013new.csv", per_class=1)


def _table(folder: Path) -> None:
    builders_pictures.class_tree(folder, ("happy", "sad"), per_class=2)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.png"))
    rows = [f"{name},{name.parts[0]},training,p{k % 2}" for k, name in enumerate(names)]
    (folder / "table.csv").write_text("\n".join(["path,label,part,subject", *rows]) + "\n")


def _excluding(folder: Path) -> None:
    builders_pictures.class_tree(folder / "pictures", ("happy", "sad"), per_class=2)
    (folder / "exclude.csv").write_text(
        'name,why\nhappy/Airheads_000000001_00000000.png,"blurred"\n# a comment\n'
    )


def _read_excluding(folder: Path, cache: Path) -> Faces:
    exclude = f"data.exclude={folder / 'exclude.csv'}"
    return opened("folder", SKIP, exclude, below="pictures")(folder, cache)


def _pictures(folder: Path) -> None:
    """A picture in each format and mode."""
    rng = np.random.default_rng(0)
    colours = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    for name, mode in (
        *(("a.jpg", "RGB"), ("b.png", "RGBA"), ("c.bmp", "RGB"), ("d.gif", "P"), ("e.tiff", "L")),
        *(("f.webp", "RGB"), ("g.ppm", "RGB"), ("i.tif", "CMYK")),
        *(("j.jpg", "CMYK"), ("k.png", "1"), ("l.png", "LA")),
    ):
        colours.convert(mode).save(folder / name)
    Image.fromarray(rng.integers(0, 65_536, (12, 16), dtype=np.uint16)).save(folder / "h.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    colours.save(folder / "n.jpg", exif=exif)
    frames = [colours, colours.rotate(90)]
    frames[0].save(folder / "o.gif", save_all=True, append_images=frames[1:])


def _look(folder: Path, cache: Path) -> None:
    source = open_source(str(folder))
    shapes = [frame.image.shape for frame in source.frames()]
    assert all(len(shape) == 3 and shape[2] == 3 for shape in shapes)
    if source.problems:
        raise RefusedError(source.problems[0])


def _ckplus(folder: Path) -> None:
    builders_pictures.ckplus_tree(folder, people=1, frames=2, unlabelled=1)


def _affectnet(folder: Path) -> None:
    builders_pictures.affectnet_tree(folder, train=1, test=1)
    for path in folder.rglob("*.jpg"):
        Image.open(path).resize((24, 24)).save(path)
    for path in (*folder.rglob("*_lnd.npy"), *folder.rglob("*_aro.npy")):
        path.unlink()


def _rafdb(folder: Path) -> None:
    builders_pictures.rafdb_tree(folder, train=1, test=1)
    shutil.rmtree(folder / "Image" / "original")


DATA_SETS = (
    Target(
        "FER2013, zip",
        lambda folder: builders.fer2013_zip(folder / "fer2013.zip", per_class=1),
        opened("fer2013", SKIP),
        share=3,
    ),
    Target(
        "FER2013, table",
        lambda folder: builders.fer2013_csv(folder / "fer2013.csv", per_class=1),
        opened("fer2013", SKIP, below="fer2013.csv"),
        share=2,
    ),
    Target(
        "FER2013, folder",
        lambda folder: builders.fer2013_tree(folder, per_class=1),
        opened("fer2013", SKIP),
    ),
    Target("FER+ votes", _ferplus, opened("ferplus", SKIP), 2, ("*new.csv",) * 3 + ("*.csv",)),
    Target("CK+", _ckplus, opened("ckplus", SKIP), 1, ("**/*_emotion.txt", "**/*.png")),
    Target(
        "JAFFE",
        lambda f: builders_pictures.jaffe_folder(f, people=1, each=1),
        opened("jaffe", SKIP),
    ),
    Target(
        "SFEW",
        lambda f: builders_pictures.sfew2_tree(f, per_class=1),
        opened("sfew", SKIP),
        1,
        PICTURES,
    ),
    Target("RAF-DB", _rafdb, opened("rafdb", SKIP), 1, ("**/*.txt", "**/*1_aligned.jpg")),
    Target("AffectNet", _affectnet, opened("affectnet", SKIP), 2, ("**/*_exp.npy", "**/0.jpg")),
    Target("table of pictures", _table, opened("folder", SKIP, below="table.csv"), 2, ("*.csv",)),
    Target("list to leave out", _excluding, _read_excluding, 1, ("*.csv",)),
    Target("pictures", _pictures, _look, 4),
)
