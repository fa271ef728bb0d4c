from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fer.detection import Detector, detector
from fer.detection.yunet import MIN_SCORE
from fer.detection.yunet_model import ADDRESS
from fer.detection.yunet_networks import OnnxNetwork, OpenCVNetwork
from fer.errors import ConfigError, DataError
from tests.detection.scenes import overlap, plain, scene

FOUND = {"haar": 0.6, "yunet": 0.75}
"""Least overlap with the true box; Haar's boxes are square."""


@pytest.fixture(params=["haar", "yunet"])
def named(request: pytest.FixtureRequest) -> tuple[str, Detector]:
    if request.param == "haar":
        return "haar", detector("haar", eyes=True)
    return "yunet", detector("yunet", request.getfixturevalue("yunet_file"))


def test_a_face_is_found_where_it_is(named: tuple[str, Detector]) -> None:
    name, find = named
    picture, (box,) = scene((100, 40, 140))
    (face,) = find.detect(picture)
    assert overlap(face.box, box) > FOUND[name]
    assert 0.5 < face.score <= 1
    assert face.eyes is not None
    (left, left_y), (right, right_y) = face.eyes
    assert face.x < left < face.x + face.w / 2 < right < face.x + face.w
    assert face.y < left_y < face.y + face.h / 2 and face.y < right_y < face.y + face.h / 2


def test_two_faces_are_found_the_surest_first(named: tuple[str, Detector]) -> None:
    name, find = named
    picture, boxes = scene((10, 20, 90), (150, 60, 150))
    faces = find.detect(picture)
    assert len(faces) == 2 and faces[0].score >= faces[1].score
    for box in boxes:
        assert max(overlap(face.box, box) for face in faces) > FOUND[name]
    assert find.detect(picture) == faces


def test_nothing_is_found_where_nothing_is(named: tuple[str, Detector]) -> None:
    assert named[1].detect(plain()) == []


def test_a_gray_picture_will_do(named: tuple[str, Detector]) -> None:
    picture, (box,) = scene((100, 40, 140))
    (face,) = named[1].detect(picture[..., 1])
    assert overlap(face.box, box) > FOUND[named[0]]


def test_small_and_unsure_faces_are_left_out(yunet_file: Path) -> None:
    picture, _ = scene((10, 20, 90), (150, 60, 150))
    for name in ("haar", "yunet"):
        assert len(detector(name, yunet_file, min_size=108).detect(picture)) == 1
        assert detector(name, yunet_file, min_score=1).detect(picture) == []


def test_large_pictures_give_boxes_in_their_own_pixels(yunet_file: Path) -> None:
    picture, (box,) = scene((100, 40, 140))
    large = picture.repeat(5, axis=0).repeat(5, axis=1)
    (face,) = detector("yunet", yunet_file).detect(large)
    assert overlap(face.box, [5 * number for number in box]) > FOUND["yunet"]
    assert face.eyes is not None and 500 < face.eyes[0][0] < face.eyes[1][0] < 1200


def test_more_neighbours_find_no_more() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (60, 80)).astype(np.uint8)
    texture = coarse.repeat(8, axis=0).repeat(8, axis=1)
    counts = [len(detector("haar", neighbours=n).detect(texture)) for n in (1, 3, 20)]
    assert counts[0] > counts[1] >= counts[2]


def test_yunet_is_found_by_the_environment(
    yunet_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copy(yunet_file, tmp_path / "model.onnx")
    monkeypatch.setenv("FER_YUNET", str(copy))
    assert len(detector("yunet").detect(scene((100, 40, 140))[0])) == 1


def test_yunet_that_is_not_where_it_was_named_says_what_to_do(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.onnx", tmp_path):
        with pytest.raises(ConfigError) as caught:
            detector("yunet", path)
        told = str(caught.value)
        assert ADDRESS in told and "FER_YUNET" in told and "haar" in told and str(path) in told


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs\n", bytes(range(256)) * 9])
def test_a_file_that_is_no_yunet_is_refused(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"model\.onnx .* is not a YuNet") as caught:
        detector("yunet", path)
    assert ADDRESS in str(caught.value)
    assert capfd.readouterr().err == ""


def test_half_a_yunet_and_another_network_are_refused(yunet_file: Path, tmp_path: Path) -> None:
    content = yunet_file.read_bytes()
    other = content.replace(b"kps_16", b"abc_16")
    assert other != content
    for bad in (content[: len(content) // 2], other):
        path = tmp_path / "model.onnx"
        path.write_bytes(bad)
        with pytest.raises(DataError, match="is not a YuNet"):
            detector("yunet", path)


def test_both_ways_to_run_yunet_give_the_same_faces(yunet_file: Path) -> None:
    pytest.importorskip("onnxruntime")
    content = yunet_file.read_bytes()
    one, other = OnnxNetwork(content, MIN_SCORE), OpenCVNetwork(content, MIN_SCORE)
    picture = scene((10, 20, 90), (150, 60, 150))[0]
    for shown in (picture, np.ascontiguousarray(picture[:229, :301])):
        assert len(one(shown)) == len(other(shown)) > 0
        assert one(shown) == pytest.approx(other(shown), abs=0.01)
    assert one(plain()).shape == other(plain()).shape == (0, 15)


def test_yunet_needs_no_onnxruntime(yunet_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    picture, (box,) = scene((100, 40, 140))
    (face,) = detector("yunet", yunet_file).detect(picture)
    assert overlap(face.box, box) > FOUND["yunet"]


def test_without_opencv_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ConfigError, match=r"pip install 'opencv-python-headless>=4\.10,<5'"):
        detector("haar")


def test_an_opencv_without_cascades_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ConfigError, match=r"no Haar cascades.*opencv-python-headless>=4\.10,<5"):
        detector("haar")


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mtcnn.*haar, yunet"):
        detector("mtcnn")


def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from fer.detection import detector; import fer.detection.cropping\n"
        "detector('haar'); print({'torch', 'lightning', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "set()"
