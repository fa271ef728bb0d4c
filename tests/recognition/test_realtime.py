"""`python -m fer.realtime`: its loop with a window that keeps what it is shown, and its parts."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from fer.config import CONF, resolve
from fer.errors import DataError
from fer.recognition import window
from fer.recognition.live import LiveView, live
from fer.recognition.loading import load
from fer.recognition.newest import Newest
from fer.recognition.recognizer import Face
from fer.recognition.recording import RATE, Recorder
from fer.recognition.smoothing import Smoother
from fer.recognition.sources import Frame
from fer.recognition.tracking import Tracker
from tests.detection.scenes import scene
from tests.end_to_end.commands import here
from tests.recognition.models import brightness_model


class KeptWindow:
    """A window that presses keys by itself: the k-th picture is answered by the k-th key."""

    def __init__(self, keys: dict[int, str]) -> None:
        self.keys, self.pictures, self.closed = keys, [], False

    def show(self, image: np.ndarray) -> str:
        self.pictures.append(image)
        return self.keys.get(len(self.pictures) - 1, "")

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a video of ten frames with a face that moves."""
    folder = tmp_path_factory.mktemp("place")
    brightness_model(folder / "model.onnx")
    writer = cv2.VideoWriter(
        str(folder / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 50, (320, 240)
    )
    for number in range(10):
        writer.write(scene((60 + 8 * number, 60, 130))[0])
    writer.release()
    return folder


def settings(place: Path, **changes: object) -> DictConfig:
    given = {"camera": place / "film.mp4", "run": place / "model.onnx", **changes}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose("realtime", [f"{key}={value}" for key, value in given.items()])
    return resolve(composed)


def test_every_frame_is_shown_with_its_face(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = KeptWindow({2: "s", 3: "r", 6: "r"})
    live(settings(place, folder=tmp_path), lambda: kept)
    assert len(kept.pictures) == 10 and kept.closed
    reader = cv2.VideoCapture(str(place / "film.mp4"))
    first = cv2.cvtColor(reader.read()[1], cv2.COLOR_BGR2RGB)
    changed = (kept.pictures[0] != first).any(axis=2)
    assert changed[60:200, 60:200].any() and not changed[:, 250:].any()
    assert changed[:30, :60].any()  # frames per second
    pictures, films = list(tmp_path.glob("*.png")), list(tmp_path.glob("*.mp4"))
    assert len(pictures) == 1 and len(films) == 1
    assert "10 frames in" in (out := capsys.readouterr().out) and str(pictures[0]) in out
    film = cv2.VideoCapture(str(films[0]))  # frames 3 to 6: 0.06 s of 50 a second
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == round(0.06 * RATE) + 1
    assert film.get(cv2.CAP_PROP_FPS) == RATE


def test_q_quits_and_pause_holds_the_picture(place: Path, tmp_path: Path) -> None:
    kept = KeptWindow({1: " ", 4: " ", 6: "q"})
    live(settings(place, folder=tmp_path), lambda: kept)
    assert len(kept.pictures) == 7 and kept.closed
    still = [picture[40:] for picture in kept.pictures[1:5]]
    assert all(np.array_equal(still[0], other) for other in still)
    assert not np.array_equal(still[0], kept.pictures[5][40:])
    assert list(tmp_path.iterdir()) == []


def test_frames_end_it_and_what_is_cut_off_is_told(place: Path, tmp_path: Path) -> None:
    kept = KeptWindow({})
    live(settings(place, frames=3), lambda: kept)
    assert len(kept.pictures) == 3
    writer = cv2.VideoWriter(
        str(tmp_path / "cut.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 50, (320, 240)
    )
    for _ in range(20):
        writer.write(scene((60, 60, 130))[0])
    writer.release()
    content = (tmp_path / "cut.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) // 2])
    kept = KeptWindow({3: "r"})
    with pytest.raises(DataError, match="is cut off"):
        live(settings(place, camera=tmp_path / "cut.avi", folder=tmp_path), lambda: kept)
    assert kept.closed and len(kept.pictures) > 3
    (film,) = tmp_path.glob("*.mp4")
    assert cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT) > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("camera=-", "camera=- number, a video file, or a stream's"),
        ("camera=100", "camera=100 from 0 to 99"),
        ("camera=true", "camera=true number"),
        ("hold=-1", "hold=-1 from 0"),
        ("smoothing=no", "smoothing from 0"),
        ("overlap=0", "overlap=0 above 0 to 1"),
        ("mirror=1", "mirror=1 true or false"),
        ("device=tpu", "device=tpu choose cpu, gpu"),
        ("folder=model.onnx", "folder=model.onnx a folder"),
        ("", "fer.serve browser"),
    ],
)
def test_what_cannot_work_is_one_message(
    arguments: str, words: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    told = here("realtime", "run=model.onnx", *arguments.split(), folder=place)
    assert told.status == 2 and "Traceback" not in told.err
    assert all(word in told.err for word in words.split())


def test_a_build_without_windows_says_what_to_install(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    if not window._draws_nothing():
        pytest.skip("this OpenCV draws windows")
    told = here("realtime", "run=model.onnx", folder=place)
    assert told.status == 2
    assert "opencv-python>=4.10,<5" in told.err and "fer.serve" in told.err


def test_a_camera_that_is_not_there_and_a_device_that_is_not(place: Path) -> None:
    with pytest.raises(DataError, match="camera 97 is not there"):
        live(settings(place, camera=97), lambda: KeptWindow({}))
    with pytest.raises(DataError, match=r"fer\.predict source="):
        live(settings(place, camera=place), lambda: KeptWindow({}))


def face(x: float, happy: float, y: float = 0) -> Face:
    label = "happy" if happy >= 0.5 else "sad"
    return Face((x, y, 100, 100), 1, label, {"happy": happy, "sad": 1 - happy}, None)


def test_faces_keep_their_numbers_by_the_largest_overlap() -> None:
    tracker = Tracker(least=0.3, patience=1)
    assert tracker.update([face(0, 1), face(200, 1)], 0) == [0, 1]
    assert tracker.update([face(190, 1), face(20, 1)], 0.1) == [1, 0]
    assert tracker.update([face(20, 1), face(40, 1)], 0.2) == [0, 2]
    assert tracker.update([face(190, 1)], 1.0) == [1]  # waited for
    assert tracker.update([face(20, 1)], 2.5) == [3]  # no longer


def test_smoothing_is_exponential_in_time() -> None:
    smoother = Smoother(constant=0.5, hold=0, least=0.3, threshold=0.6)
    smoother([face(0, 1.0), face(300, 0.0)], 0)
    one, other = smoother([face(5, 0.0), face(305, 0.0)], 0.2)
    old = math.exp(-0.2 / 0.5)
    assert one.probabilities == pytest.approx({"happy": old, "sad": 1 - old})
    assert (one.label, one.sure) == ("happy", True)
    assert other.probabilities["happy"] == 0 and one.box[0] == 5
    (again,) = smoother([face(5, 0.0)], 0.4)
    assert again.probabilities["happy"] == pytest.approx(old**2)
    assert (again.label, again.sure) == ("sad", False)
    alone = Smoother(constant=0, hold=0, least=0.3)
    alone([face(0, 1.0)], 0)
    assert alone([face(0, 0.2)], 0.01)[0].probabilities["happy"] == pytest.approx(0.2)


def test_a_moment_that_lies_before_the_last_weighs_as_the_same_moment() -> None:
    smoother = Smoother(constant=0.5, hold=0, least=0.3)
    smoother([face(0, 0.9)], 5.0)
    (again,) = smoother([face(0, 0.2)], 3.0)
    assert again.probabilities["happy"] == pytest.approx(0.9)
    assert 0 <= smoother([face(0, 0.0)], 3.1)[0].probabilities["happy"] < 0.9


def test_a_label_is_held_before_it_changes_and_after_its_face_went() -> None:
    smoother = Smoother(constant=0, hold=1, least=0.3)
    shown = [smoother([face(0, happy)], t)[0] for t, happy in ((0, 0.9), (0.5, 0.1), (1.0, 0.1))]
    assert [each.label for each in shown] == ["happy", "happy", "sad"]
    assert shown[1].confidence == pytest.approx(0.1)
    assert [each.label for each in smoother([], 1.9)] == ["sad"]
    assert smoother([], 2.1) == []


def test_a_recording_lasts_as_long_as_it_took(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "new")
    image = np.full((120, 160, 3), 90, np.uint8)
    path = recorder.start(image, 10.0)
    for seconds in (10.0, 10.4, 10.41, 11.0):
        recorder.write(image, seconds)
    recorder.write(np.full((60, 80, 3), 90, np.uint8), 11.2)
    recorder.stop()
    recorder.write(image, 12)
    assert not recorder.recording
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT) == round(1.2 * RATE) + 1
    assert recorder.start(image, 0) != path
    recorder.stop()


def test_a_pause_is_no_part_of_a_recording(place: Path, tmp_path: Path) -> None:
    image = np.full((120, 160, 3), 90, np.uint8)
    moments = (0.0, 0.04, 60.04, 60.08, 60.12)  # a camera's go on while the picture stands still
    kept, recorder = KeptWindow({0: "r", 1: " ", 3: " "}), Recorder(tmp_path)
    recognizer = load(place / "model.onnx")
    show = LiveView(recognizer, Smoother(0, 0, 0.3), kept, recorder)
    show.run(Frame("camera 0", k, seconds, image) for k, seconds in enumerate(moments))
    recorder.stop()
    (film,) = recorder.files
    assert cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT) == len(moments)


def test_only_the_newest_frame_is_given() -> None:
    def camera() -> Iterator[int]:
        for number in range(40):
            yield number
            time.sleep(0.005)
        raise DataError("was unplugged")

    seen = []
    with pytest.raises(DataError, match="was unplugged"):
        for number in Newest(camera()):
            seen.append(number)
            time.sleep(0.03)
    assert seen == sorted(set(seen)) and 1 < len(seen) < 30
