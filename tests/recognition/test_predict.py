"""`python -m fer.predict`, run as people run it, with a small model."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer.recognition.recognizer import Face
from fer.recognition.timeline import BINS, Timeline
from tests.detection.scenes import plain, scene
from tests.end_to_end.commands import environment, here
from tests.recognition.models import brightness_model


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a picture of two faces, one of none, and a video of one that moves."""
    folder = tmp_path_factory.mktemp("place")
    brightness_model(folder / "model.onnx", threshold=0.45)
    (folder / "pictures").mkdir()
    cv2.imwrite(str(folder / "pictures/two.png"), scene((10, 20, 90), (150, 60, 150))[0])
    cv2.imwrite(str(folder / "pictures/none.png"), plain())
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "film.mp4"), code, 10, (320, 240))
    for number in range(12):
        writer.write(scene((20 + 8 * number, 60, 130))[0])
    writer.release()
    return folder


def test_pictures_give_a_table_lines_and_drawings(place: Path, tmp_path: Path) -> None:
    outputs = (f"faces={tmp_path / 'Gesichter ü.csv'}", f"annotated={tmp_path / 'drawn (1)'}")
    told = here("predict", "source=pictures", "run=model.onnx", *outputs, folder=place)
    assert told.status == 0, told.err
    assert "2 faces in 2 pictures, 1 without a face" in told.out
    with (tmp_path / "Gesichter ü.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(Path(row["source"]).name, row["face"]) for row in rows] == [
        ("two.png", "0"),
        ("two.png", "1"),
    ]
    for row in rows:
        assert float(row[row["label"]]) == pytest.approx(float(row["confidence"]), abs=1e-4)
        assert row["sure"] == ("true" if float(row["confidence"]) >= 0.45 else "false")
        assert row["label"] in told.out and row["seconds"] == ""
    drawn = cv2.imread(str(tmp_path / "drawn (1)" / "two-faces.png"))
    before = cv2.imread(str(place / "pictures" / "two.png"))
    assert drawn is not None and drawn.shape == before.shape and (drawn != before).any()
    untouched = cv2.imread(str(tmp_path / "drawn (1)" / "none-faces.png"))
    assert np.array_equal(untouched, plain())


def test_a_video_gives_time_stamps_a_timeline_and_a_video(place: Path, tmp_path: Path) -> None:
    outputs = [f"faces={tmp_path}/f.json", f"timeline={tmp_path}/t.png", f"annotated={tmp_path}"]
    told = here("predict", "source=film.mp4", "run=model.onnx", "rows=3", *outputs, folder=place)
    assert told.status == 0, told.err
    lines = [json.loads(line) for line in (tmp_path / "f.json").read_text().splitlines()]
    assert [line["seconds"] for line in lines] == pytest.approx([k / 10 for k in range(12)])
    assert all(sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4) for line in lines)
    assert "and 9 more: in the file" in told.out and "12 faces in 12 frames" in told.out
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")
    video = cv2.VideoCapture(str(tmp_path / "film-faces.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 12 and video.get(cv2.CAP_PROP_FPS) == 10


def test_frames_ends_early_and_every_skips(place: Path, tmp_path: Path) -> None:
    arguments = ("source=film.mp4", "run=model.onnx", f"faces={tmp_path}/f.jsonl")
    told = here("predict", *arguments, "every=2", "frames=3", folder=place)
    assert told.status == 0, told.err
    lines = (tmp_path / "f.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 2, 4]


def test_a_file_may_have_any_name(place: Path, tmp_path: Path) -> None:
    odd = tmp_path / "it's me (1), [a]=b.png"
    odd.write_bytes((place / "pictures" / "two.png").read_bytes())
    told = here("predict", f"source={odd}", "run=model.onnx", folder=place)
    assert told.status == 0 and "2 faces in 1 picture" in told.out, told.err


def test_what_cannot_be_used_is_told_after_the_rest(place: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"")
    (tmp_path / "worse.jpg").write_bytes(b"text")
    (tmp_path / "two.png").write_bytes((place / "pictures" / "two.png").read_bytes())
    told = here("predict", f"source={tmp_path}", f"run={place}/model.onnx", folder=place)
    assert told.status == 1
    assert "2 faces in 1 picture" in told.out
    assert "2 of the sources could not be used" in told.err
    assert "bad.png is empty (0 bytes)" in told.err and "worse.jpg is no picture" in told.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ("source=gone.png", 1, "source=gone.png is not there"),
        ("source=98", 1, "camera 98 is not there"),
        ("source=pictures timeline=t.png", 2, "timeline=t.png it is of one video"),
        ("source=pictures faces=f.txt", 2, "faces=f.txt .csv, .json, .jsonl"),
        ("source=pictures detector=mtcnn", 2, "detector=mtcnn choose haar, yunet, none"),
        ("source=pictures detector=none align=true", 2, "align=true eyes need a detector"),
        ("source=pictures margin=-1", 2, "margin=-1 from -0.4 to 10"),
        ("source=pictures every=0", 2, "every=0 from 1"),
        ("source=pictures annotated=model.onnx", 2, "annotated=model.onnx a folder"),
        ("source=pictures annotated=drawn.jpg", 2, "annotated=drawn.jpg a folder"),
        ("pictures", 2, "is source=pictures meant?"),
        ("source=pictures run=pictures", 1, "no run folder"),
        ("source=pictures run=gone.onnx", 1, "there is no model gone.onnx"),
        ("source=true", 2, "source=true a path"),
        ("", 2, "source is missing"),
    ],
)
def test_what_cannot_work_is_one_message(
    arguments: str, status: int, words: str, place: Path
) -> None:
    run = [] if "run=" in arguments else ["run=model.onnx"]
    told = here("predict", *arguments.split(), *run, folder=place)
    assert told.status == status
    assert "Traceback" not in told.err
    assert all(word in told.err for word in words.split())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_output_is_whole_up_to_there(
    end: signal.Signals, place: Path, tmp_path: Path
) -> None:
    if end is signal.SIGTERM and os.name == "nt":
        pytest.skip("no such signal")
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(tmp_path / "long.mp4"), code, 10, (320, 240))
    picture = scene((100, 60, 130))[0]
    for _ in range(3000):
        writer.write(picture)
    writer.release()
    lines = tmp_path / "faces.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "fer.predict", f"source={tmp_path}/long.mp4", f"faces={lines}",
         f"run={place}/model.onnx", f"annotated={tmp_path}/drawn"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (lines.is_file() and lines.stat().st_size > 1000) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(end)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted after" in out
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [line["frame"] for line in found] == list(range(len(found)))
    assert 0 < len(found) < 3000
    video = cv2.VideoCapture(str(tmp_path / "drawn" / "long-faces.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == len(found)


def test_a_timeline_of_any_length_takes_the_same_memory() -> None:
    timeline = Timeline(("happy", "sad"), step=1)
    happy = Face((0, 0, 9, 9), 1, "happy", {"happy": 0.9, "sad": 0.1}, None)
    sad = Face((0, 0, 9, 9), 1, "sad", {"happy": 0.2, "sad": 0.8}, None)
    for second in range(5 * BINS):
        timeline.add(second, [happy] if second < 2 * BINS else [sad, sad])
    seconds, means = timeline.means()
    assert len(seconds) <= BINS and timeline.counts.sum() == 2 * BINS + 2 * 3 * BINS
    assert seconds[-1] == pytest.approx(5 * BINS, abs=timeline.step)
    assert means[seconds < 2 * BINS - 8] == pytest.approx(np.array([[0.9, 0.1]]).repeat(
        (seconds < 2 * BINS - 8).sum(), axis=0))  # fmt: skip
    assert means[-1] == pytest.approx([0.2, 0.8])
