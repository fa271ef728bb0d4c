"""FER+ for Kaggle's pictures, whose rows are found by their pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.faces import EXPRESSIONS
from fer.data.readers.fer2013 import Fer2013Reader
from fer.errors import DataError
from tests.builders import jpeg, noise
from tests.data.conftest import Join


def test_pictures_need_the_table(tree: Path, joined: Join, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"by row.*names nor the JPEG pixels.*data\.csv_path"):
        joined(tree)
    with pytest.raises(DataError, match=r"data\.csv_path=.*gone\.csv does not exist"):
        joined(tree, table=tmp_path / "gone.csv")


def pressed(tree: Path) -> None:
    """Compresses every picture once more."""
    for path in tree.rglob("*.jpg"):
        path.write_bytes(jpeg(np.asarray(Image.open(io.BytesIO(path.read_bytes())))))


def shuffled_names(tree: Path) -> dict[str, str]:
    """Gives the pictures names that say nothing of their place; new names to old ones."""
    names = {}
    for number, path in enumerate(sorted(tree.rglob("*.jpg"))):
        new = path.with_name(f"{path.name.partition('_')[0]}_{(number * 7919) % 100_003}9.jpg")
        path.rename(new)
        names[new.relative_to(tree).as_posix()] = path.relative_to(tree).as_posix()
    return names


def test_pictures_find_their_rows(tree: Path, table: Path, joined: Join) -> None:
    pressed(tree)
    names = shuffled_names(tree)
    from_rows, from_pictures = joined(table), joined(tree, table=table)
    assert len(from_pictures) == 42
    assert from_rows.votes is not None and from_pictures.votes is not None
    known = Fer2013Reader(tree)
    assert known.form == "folder"
    by_row = {
        (image.mean().round(), str(part)): vote.tolist()
        for image, part, vote in zip(
            from_rows.images,
            from_rows.part,
            from_rows.votes,
            strict=True,  # type: ignore[arg-type]
        )
    }
    for face, name in enumerate(from_pictures.names):
        expression = names[name].split("/")[1]
        label = EXPRESSIONS[from_pictures.labels[face]]
        first = names[name].removesuffix(".jpg").endswith("0") and expression == "neutral"
        assert label == ("contempt" if first else expression)
    assert {tuple(v) for v in by_row.values()} == {tuple(v.tolist()) for v in from_pictures.votes}
    assert "42 pictures matched to rows" in from_pictures.notes[2]
    assert "gray levels away (median; at most" in from_pictures.notes[2]
    assert len(from_pictures.notes) == 3


def test_ambiguous_and_foreign_pictures_are_left_out(
    tree: Path, table: Path, joined: Join, votes: Path
) -> None:
    head, *rows = table.read_text().splitlines()
    pixels = rows[0].split(",")[1].split()
    pixels[5] = str(int(pixels[5]) ^ 1)
    rows[2] = f"1,{' '.join(pixels)},Training"  # all but the same as row 1, with other votes
    table.write_text("\n".join([head, *rows]))
    (tree / "train" / "disgust" / "Training_0.jpg").unlink()  # was row 3
    (tree / "train" / "sad" / "Training_new.jpg").write_bytes(jpeg(noise(3, 12345) // 3 + 160))
    pressed(tree)
    faces = joined(tree, table=table)
    assert len(faces) == 40
    assert "train/angry/Training_0.jpg" not in faces.names
    assert "train/sad/Training_new.jpg" not in faces.names
    alike, foreign = faces.notes[3:]
    assert alike.startswith("1 pictures left out that look like several rows")
    assert alike.endswith("first train/angry/Training_0.jpg")
    assert foreign.startswith("1 pictures left out that look like no row")
    assert foreign.endswith("first train/sad/Training_new.jpg")


def test_equal_rows_are_shared_out(tree: Path, table: Path, joined: Join) -> None:
    head, *rows = table.read_text().splitlines()
    rows[2] = f"1,{rows[0].split(',')[1]},Training"
    table.write_text("\n".join([head, *rows]))
    twin = tree / "train" / "disgust" / "Training_0.jpg"
    twin.write_bytes((tree / "train" / "angry" / "Training_0.jpg").read_bytes())
    faces = joined(tree, table=table)
    assert len(faces) == 42
    image = faces.images[faces.names.tolist().index("train/disgust/Training_0.jpg")]
    same = [k for k in range(42) if np.array_equal(faces.images[k], image)]
    assert sorted(EXPRESSIONS[faces.labels[k]] for k in same) == ["angry", "disgust"]
    twin.unlink()
    assert len(joined(tree, table=table)) == 40


def test_pictures_of_something_else_are_refused(tree: Path, table: Path, joined: Join) -> None:
    for path in tree.rglob("*.jpg"):
        path.write_bytes(jpeg(255 - noise(3, sum(path.name.encode()))))
    with pytest.raises(DataError, match=r"not the rows of .*fer2013\.csv.*gray levels"):
        joined(tree, table=table)
