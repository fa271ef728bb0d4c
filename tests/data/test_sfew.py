from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer.data.faces import SEVEN
from fer.data.protocols import make_split
from fer.errors import DataError
from tests.builders_pictures import sfew2_tree, sfew2_whole_and_aligned, sfew_tree
from tests.composing import settings
from tests.data.reading import labels, opened, part_counts, told


def test_first_edition(tmp_path: Path) -> None:
    faces = opened(sfew_tree(tmp_path / "sfew"), "sfew")
    assert faces.images.shape == (28, 120, 120, 3)
    assert faces.classes == SEVEN and faces.part is None and faces.subject is None
    assert all(name.split("/")[0].lower() == label for name, label in labels(faces).items())
    assert faces.sequence is not None and set(faces.sequence) == {
        f"Airheads_{clip:09}" for clip in range(4)
    }
    red, blue = faces.images[..., 0].mean(), faces.images[..., 2].mean()
    assert red > 3 * blue


@pytest.mark.parametrize("aligned", [False, True])
def test_second_edition_is_tested_on_val(aligned: bool, tmp_path: Path) -> None:
    tree = sfew2_tree(tmp_path / "SFEW_2")
    if aligned:
        for part in ("Train", "Val", "Test"):
            inner = tree / part / f"{part}_Aligned_Faces"
            shutil.move(tree / part, tmp_path / "moved")
            shutil.copytree(tmp_path / "moved", inner)
            shutil.rmtree(tmp_path / "moved")
    faces = opened(tree, "sfew")
    assert part_counts(faces) == {"test": 14, "training": 28}
    assert "validation is the test part" in told(faces)
    assert "3 pictures of the test part have no class folder and are left out" in told(faces)
    split = make_split(faces, settings("protocol.validation=0.25")["protocol"])
    assert all(name.startswith("Val/") for name in split.test_names) and len(split.test) == 14
    assert (len(split.train), len(split.validation)) == (21, 7)


def test_gray_is_stored_where_the_network_is_gray(tmp_path: Path) -> None:
    tree = sfew_tree(tmp_path / "sfew")
    assert opened(tree, "sfew", "data.channels=1").images.shape == (28, 120, 120)
    assert opened(tree, "sfew", "data.faces.size=[64,64]").images.shape == (28, 64, 64, 3)


NAMES = ("Angry/Airheads_000000001_00000000.png", "Airheads_000000002_00000003.png")


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n{1}\n",
        "\ufeff# false detections\r\n\r\n{0}  # a lamp\r\n  {1}\r\n",
        "name,why\n{0},lamp\n{1},two faces\n",
        'name;why\n"{0}";lamp\n{1};two faces\n',
        "{0},lamp,1\n./{1}",
    ],
    ids=["lines", "windows", "table", "semicolons", "lines of a table"],
)
def test_pictures_are_left_out(text: str, tmp_path: Path) -> None:
    tree = sfew_tree(tmp_path / "sfew")
    listed = tmp_path / "exclude.txt"
    listed.write_text(text.format(*NAMES), encoding="utf-8", newline="")
    whole, faces = opened(tree, "sfew"), opened(tree, "sfew", f"data.exclude={listed}")
    assert set(whole.names) - set(faces.names) == {NAMES[0], f"Happy/{NAMES[1]}"}
    assert "2 names on data.exclude's list left out" in told(faces)
    assert whole.fingerprint != faces.fingerprint
    listed.write_text(NAMES[0])
    assert len(opened(tree, "sfew", f"data.exclude={listed}")) == 27


def test_list_names_pictures_that_are_not_there(tmp_path: Path) -> None:
    tree = sfew_tree(tmp_path / "sfew")
    listed = tmp_path / "exclude.txt"
    listed.write_text(f"{NAMES[0]}\nAngry/gone.png\nSad/also_gone.png\n")
    with pytest.raises(DataError, match=r"2 of 3 names .*Angry/gone\.png, Sad/also_gone\.png"):
        opened(tree, "sfew", f"data.exclude={listed}", "data.on_bad_file=skip")
    with pytest.raises(DataError, match=r"data\.exclude=.*missing\.txt cannot be read"):
        opened(tree, "sfew", f"data.exclude={tmp_path / 'missing.txt'}")


def test_name_on_the_list_that_stands_for_two(tmp_path: Path) -> None:
    tree = sfew_tree(tmp_path / "sfew")
    shutil.copy(tree / NAMES[0], tree / "Sad")
    listed = tmp_path / "exclude.txt"
    listed.write_text(NAMES[0].split("/")[1])
    with pytest.raises(DataError, match=r"stands for Angry/.* and for Sad/.*write the folder too"):
        opened(tree, "sfew", f"data.exclude={listed}")


def test_bad_picture_may_be_on_the_list(tmp_path: Path) -> None:
    tree = sfew_tree(tmp_path / "sfew")
    (tree / NAMES[0]).write_bytes(b"no picture")
    with pytest.raises(DataError, match="is no picture"):
        opened(tree, "sfew")
    listed = tmp_path / "exclude.txt"
    listed.write_text(NAMES[0])
    assert len(opened(tree, "sfew", f"data.exclude={listed}")) == 27


def test_whole_pictures_and_aligned_faces_side_by_side(tmp_path: Path) -> None:
    tree = sfew2_whole_and_aligned(tmp_path / "SFEW_2")
    for overrides in ((), ("data.on_bad_file=skip",)):
        with pytest.raises(DataError, match="pictures twice, in Train and in Train_Aligned_Faces"):
            opened(tree, "sfew", *overrides)
    shutil.rmtree(tree / "Train_Aligned_Faces")
    with pytest.raises(DataError, match="test pictures twice, in Val and in Val_Aligned_Faces_new"):
        opened(tree, "sfew")
    shutil.rmtree(tree / "Val")
    assert part_counts(opened(tree, "sfew")) == {"test": 14, "training": 28}
