from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from fer.data.faces import SEVEN
from fer.detection import detector

HERE = Path(__file__).parents[2] / "experiments" / "farahani"


def script(name: str) -> ModuleType:
    """A script of the experiment as a module."""
    found = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def run(name: str, *arguments: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    script(name).main()


def test_stills_are_laid_out_as_sfew_and_come_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        arguments = (tmp_path / name, "--per-class", 2, "--false-share", 0.5)
        run("make_stills", *arguments, monkeypatch=monkeypatch)
    one, two = (sorted((tmp_path / name).glob("*/*.png")) for name in ("one", "two"))
    assert {path.parent.name for path in one} == set(SEVEN) and len(one) == 14
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))
    with (tmp_path / "one" / "true_boxes.csv").open(newline="") as file:
        boxes = {row["name"]: [row[key] for key in "xywh"] for row in csv.DictReader(file)}
    assert set(boxes) == {path.relative_to(tmp_path / "one").as_posix() for path in one}
    assert sum(box == [""] * 4 for box in boxes.values()) == 7
    shapes = set()
    for name, box in boxes.items():
        pixels = np.asarray(Image.open(tmp_path / "one" / name))
        assert pixels.ndim == 3
        shapes.add(pixels.shape)
        if box[0]:
            x, y, w, h = map(int, box)
            assert 0 <= x <= x + w <= pixels.shape[1] and 0 <= y <= y + h <= pixels.shape[0]
    assert len(shapes) > 1


def test_blobs_are_taken_for_faces() -> None:
    """What these scenes are for: a detector's answer that a person has to find."""
    stills, find = script("make_stills"), detector("haar")
    found = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        picture = stills.scene(rng)
        stills.add_decoy(picture, rng)
        found += bool(find.detect(picture.clip(0, 255).astype(np.uint8)))
    assert found >= 3


def test_the_list_of_false_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    true, faces, out = (tmp_path / name for name in ("true.csv", "faces.csv", "false.txt"))
    true.write_text(
        "name,x,y,w,h\na/right.png,10,10,50,50\na/beside.png,10,10,50,50\n"
        "b/nothing there.png,,,,\nb/missed.png,5,5,40,40\n"
    )
    faces.write_text(
        "name,x,y,w,h\na/right.png,12,12,50,50\na/beside.png,70,70,50,50\n"
        "b/nothing there.png,1,1,9,9\nb/missed.png,,,,\n"
    )
    run("exclude_false", true, faces, out, monkeypatch=monkeypatch)
    assert out.read_text() == "a/beside.png\nb/nothing there.png\n"
    assert "| all | 4 | 3 | 3 | 2 |" in capsys.readouterr().out
    true.write_text("name,x,y,w,h\n")
    with pytest.raises(SystemExit, match=r"does not know a/beside\.png"):
        run("exclude_false", true, faces, out, monkeypatch=monkeypatch)
