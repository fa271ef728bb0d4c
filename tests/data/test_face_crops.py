from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fer.checks.checker import Checker
from fer.checks.faces import check_faces
from fer.config import plain as as_dictionary
from fer.data.cache import open_faces
from fer.data.contact_sheet import CELL, COLUMNS, ROWS, ContactSheet
from fer.data.face_crops import FaceCrops
from fer.data.readers import OnBad, Reader, Record
from fer.errors import ConfigError
from tests.composing import composed
from tests.detection.scenes import overlap, plain, scene

HAAR = "data.faces.detector=haar"
ONE = (100.0, 40.0, 140.0)
TWO = ((10.0, 20.0, 90.0), (150.0, 60.0, 150.0))


def faces(*overrides: str) -> dict[str, Any]:
    """The settings of `data.faces`, checked as a command would."""
    chosen = composed("data=jaffe", "data.faces.size=[96,96]", *overrides)
    check_faces(Checker(chosen))
    data = as_dictionary(chosen)["data"]
    return {**data["faces"], "colour": data["channels"] == 3}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Scenes(Reader):
    """One picture of one face, one of two, one of none."""

    name, classes = "scenes", ("angry", "happy")

    def __init__(self, crops: FaceCrops) -> None:
        self.crops = crops
        self.pictures = {
            "angry/one.png": scene(ONE)[0],
            "happy/none, but a comma.png": plain(),
            "happy/two.png": scene(*TWO)[0],
        }

    def source_key(self) -> str:
        return self.crops.key

    def __len__(self) -> int:
        return len(self.pictures)

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        for name, picture in self.pictures.items():
            face = self.crops(name, picture)
            if face is not None:
                yield Record(face, self.classes.index(name.split("/")[0]), name)


def written(folder: Path, *overrides: str) -> tuple[Path, tuple[str, ...]]:
    """The cache folder and the notes of these three pictures."""
    crops = FaceCrops(faces(HAAR, *overrides))
    found = [record.image for record in Scenes(crops).records(lambda name, reason: None)]
    building = folder / ".scenes-1234.building"
    building.mkdir()
    return building, crops.notes(building, crops.told(), found)


def test_a_data_set_of_pictures_becomes_faces_of_one_size(tmp_path: Path) -> None:
    crops = FaceCrops(faces(HAAR, "data.faces.size=[60,40]", "data.channels=3"))
    opened = open_faces(Scenes(crops), tmp_path, progress=False)
    assert opened.images.shape == (2, 60, 40, 3)
    assert opened.names.tolist() == ["angry/one.png", "happy/two.png"]
    assert opened.labels.tolist() == [0, 1]


def test_every_picture_is_listed_with_what_was_found(tmp_path: Path) -> None:
    folder, _ = written(tmp_path)
    one, none, two = rows(folder / "faces.csv")
    box = [float(one[key]) for key in "xywh"]
    assert overlap(box, scene(ONE)[1][0]) > 0.6
    assert (one["name"], one["number"], one["faces"], one["flag"]) == (
        "angry/one.png",
        "1",
        "1",
        "",
    )
    assert 0 < float(one["score"]) <= 1
    assert (none["faces"], none["number"], none["x"], none["flag"]) == ("0", "", "", "no face")
    assert (two["faces"], two["number"], two["flag"]) == ("2", "2", "several faces")
    assert rows(folder / "no_face.csv") == [{"name": "happy/none, but a comma.png"}]
    several = rows(folder / "several_faces.csv")
    assert [row["name"] for row in several] == ["happy/two.png"] * 2
    (chosen,) = (row for row in several if row["chosen"] == "True")
    assert chosen["x"] == two["x"]


def test_the_notes_say_how_many_and_where(tmp_path: Path) -> None:
    folder, notes = written(tmp_path, "data.faces.align=true")
    told = "\n".join(notes)
    place = tmp_path / "scenes-1234"  # what the folder is called when it is whole
    assert "faces found in 2 of 3 pictures, several in 1" in told
    assert f"1 without a face are left out ({place / 'no_face.csv'})" in told
    assert str(place / "contact_sheet.png") in told and "data.exclude" in told
    assert (folder / "contact_sheet.png").is_file() and ".building" not in told


def test_the_sheet_shows_the_crops(tmp_path: Path) -> None:
    folder, _ = written(tmp_path, "data.channels=3")
    sheet = np.asarray(Image.open(folder / "contact_sheet.png"))
    assert sheet.shape == (CELL[1], COLUMNS * CELL[0], 3)
    cells = [sheet[:96, i * CELL[0] : (i + 1) * CELL[0]] for i in range(3)]
    assert cells[0].std() > 30 and cells[1].std() > 30 and (cells[2] == 255).all()
    words = sheet[98:, : CELL[0]]
    assert (words < 100).any()


@pytest.mark.parametrize(("rule", "place"), [("largest", 1), ("central", 0)])
def test_the_largest_or_the_most_central_face_is_taken(
    rule: str, place: int, tmp_path: Path
) -> None:
    crops = FaceCrops(faces(HAAR, f"data.faces.choose={rule}"))
    picture, boxes = scene((110, 75, 90), (200, 0, 120))
    crop = crops("picture.png", picture)
    assert crop is not None
    crops.notes(tmp_path, crops.told(), [crop])
    (row,) = rows(tmp_path / "faces.csv")
    assert row["faces"] == "2"
    assert overlap([float(row[key]) for key in "xywh"], boxes[place]) > 0.6


def test_without_a_detector_the_whole_picture_is_taken(tmp_path: Path) -> None:
    crops = FaceCrops(faces("data.faces.size=[240,320]", "data.channels=3"))
    picture, _ = scene(ONE)
    assert np.array_equal(crops("picture.png", picture), picture)
    assert crops.notes(tmp_path, crops.told(), [picture]) == () and list(tmp_path.iterdir()) == []


def test_faces_are_cut_with_pixels_around_them() -> None:
    picture, _ = scene(ONE)
    tight, wide = (
        FaceCrops(faces(HAAR, f"data.faces.grow_pixels={n}"))("", picture) for n in (0, 20)
    )
    assert tight is not None and wide is not None
    assert tight.shape == wide.shape == (96, 96)
    border: NDArray[np.int64] = np.abs(wide[:6].astype(int) - tight[:6])
    assert border.mean() > 5


def test_levels_are_normalised() -> None:
    crop = FaceCrops(faces(HAAR, "data.faces.levels=standardize"))("", scene(ONE)[0])
    assert crop is not None and crop.mean() == pytest.approx(128, abs=3)


def test_the_key_changes_with_every_setting_and_the_model(tmp_path: Path) -> None:
    keys = {
        FaceCrops(faces(HAAR, *overrides)).key
        for overrides in (
            [],
            ["data.faces.grow_pixels=1"],
            ["data.faces.size=[96,97]"],
            ["data.faces.levels=clahe"],
            ["data.faces.min_score=0.5"],
            ["data.faces.align=true"],
        )
    }
    assert len(keys) == 6
    models = [tmp_path / name for name in ("a.onnx", "b.onnx", "c.onnx")]
    for path, content in zip(models, (b"1", b"1", b"2"), strict=True):
        path.write_bytes(content)
    same, as_well, other = (
        FaceCrops(faces("data.faces.detector=yunet", f"data.faces.detector_model={path}")).key
        for path in models
    )
    assert same == as_well != other


def test_a_sheet_has_pages_and_is_bounded_in_memory(tmp_path: Path) -> None:
    sheet = ContactSheet()
    assert sheet.save(tmp_path) == []
    for number in range(COLUMNS * ROWS + 1):
        sheet.add(np.full((30, 20), number, np.uint8), ["1", "a/very/long/name/" * 20])
    files = sheet.save(tmp_path)
    assert [file.name for file in files] == ["contact_sheet_001.png", "contact_sheet_002.png"]
    heights = [Image.open(file).height for file in files]
    assert heights == [ROWS * CELL[1], CELL[1]]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.faces.detector=mtcnn", r"data\.faces\.detector=mtcnn.*none, haar, yunet"),
        ("data.faces.size=120", r"data\.faces\.size=120.*\[height, width\]"),
        ("data.faces.size=[8,8]", r"data\.faces\.size.*from 16 to 1024"),
        ("data.faces.grow_share=-0.1", r"data\.faces\.grow_share=-0\.1"),
        ("data.faces.min_score=2", r"data\.faces\.min_score=2"),
        ("data.faces.choose=first", r"data\.faces\.choose=first.*largest, central"),
        ("data.faces.levels=gamma", r"data\.faces\.levels=gamma.*equalize"),
        ("data.faces.align=true", r"data\.faces\.align=true.*need a detector"),
        ("data.faces.eye_distance=1", r"data\.faces\.eye_distance=1"),
    ],
)
def test_settings_that_cannot_work_are_refused(override: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        faces(override)


def test_a_missing_model_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.faces\.detector_model=.*opencv_zoo"):
        faces("data.faces.detector=yunet", f"data.faces.detector_model={tmp_path}/gone.onnx")
