"""Faces of pictures through a small model whose answers can be worked out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import fer
from fer.detection import Detection
from fer.detection.cropping import Cropper
from fer.errors import ConfigError, DataError, RunError
from fer.recognition.cutting import FaceCutter
from fer.recognition.model_info import PREFIX, CropPlan, ModelInfo
from tests.detection.scenes import drawn, overlap, plain, put, scene
from tests.recognition.models import brightness_model, expected


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("model") / "model.onnx", threshold=0.5)


def test_each_face_of_each_picture_is_told_with_its_own_box(model: Path) -> None:
    two, boxes = scene((10, 20, 90), (150, 60, 150))
    one, (single,) = scene((100, 40, 140))
    recognizer = fer.load(model, threads=1)
    found, nothing, alone = recognizer([two, plain(), one])
    assert [len(found), len(nothing), len(alone)] == [2, 0, 1]
    assert overlap(alone[0].box, single) > 0.6
    for box in boxes:
        assert max(overlap(face.box, box) for face in found) > 0.6
    assert recognizer(two) == found

    crops = [
        Cropper((48, 48), colour=False)(two, Detection(*face.box, face.score)) for face in found
    ]
    for face, row in zip(found, expected(np.stack(crops)), strict=True):
        assert list(face.probabilities) == list(recognizer.classes)
        assert list(face.probabilities.values()) == pytest.approx(row, abs=1e-5)
        assert face.label == recognizer.classes[int(row.argmax())]
        assert face.confidence == pytest.approx(row.max(), abs=1e-5)


def test_all_faces_go_through_the_network_at_once(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = fer.load(model)
    asked: list[int] = []
    whole = recognizer.engine

    def counted(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        asked.append(len(faces))
        return whole(faces)

    monkeypatch.setattr(counted, "info", whole.info, raising=False)
    recognizer.engine = counted  # type: ignore[assignment]
    recognizer([scene((10, 20, 90), (150, 60, 150))[0], plain(), scene((100, 40, 140))[0]])
    assert asked == [3]


def test_an_answer_is_sure_from_the_threshold_on(tmp_path: Path) -> None:
    pictures = [np.full((48, 48, 3), level, dtype=np.uint8) for level in range(0, 256, 5)]
    threshold = 0.5
    for wanted in (threshold, None):
        path = brightness_model(tmp_path / "model.onnx", threshold=wanted)
        faces = [found for (found,) in fer.load(path, detector="none")(pictures)]
        if wanted is None:
            assert {face.sure for face in faces} == {None}
        else:
            assert [face.sure for face in faces] == [face.confidence >= 0.5 for face in faces]
            assert {face.sure for face in faces} == {True, False}


def test_without_a_detector_the_picture_is_the_face(model: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
    (face,) = fer.load(model, detector="none")(picture[..., None].repeat(3, axis=2))
    assert face.box == (0, 0, 48, 48) and face.score == 1
    shares = list(face.probabilities.values())
    assert shares == pytest.approx(expected(picture[None])[0], abs=1e-5)


def test_colour_models_get_colour(tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx", size=(40, 30), colour=True)
    picture = np.zeros((40, 30, 3), dtype=np.uint8)
    picture[..., 0] = 255  # red: a third of the light, more than gray weights would give
    (face,) = fer.load(path, detector="none")(picture)
    assert list(face.probabilities.values()) == pytest.approx(expected(picture[None])[0], abs=1e-5)


def test_two_hundred_faces_in_one_picture(model: Path) -> None:
    picture, people = plain(460, 880), [drawn(6 + 14 * person) for person in range(5)]
    for number in range(200):
        across, down = number % 20, number // 20
        put(picture, people[number % 5], 2 + 44 * across, 2 + 46 * down, 42)
    faces = fer.load(model, min_size=30)(picture)
    assert len(faces) > 100  # Haar misses some that are so small
    assert all(sum(face.probabilities.values()) == pytest.approx(1, abs=1e-4) for face in faces)


def test_margins_are_the_models_unless_told() -> None:
    plan = CropPlan((48, 48), detector="haar", margins={"haar": 0.2, "yunet": 0.1}, grow_pixels=5)
    picture, face = plain(), Detection(100, 60, 80, 80, 1)
    picture[60:140, 100:180] = 255
    own = Cropper((48, 48), grow_share=0.2, grow_pixels=5, colour=False)(picture, face)
    assert np.array_equal(FaceCutter(plan, "haar")(picture, face), own)
    other = Cropper((48, 48), grow_share=0.1, colour=False)(picture, face)
    assert np.array_equal(FaceCutter(plan, "yunet")(picture, face), other)
    tight = Cropper((48, 48), colour=False)(picture, face)
    assert np.array_equal(FaceCutter(plan, "haar", margin=0)(picture, face), tight)
    assert not np.array_equal(own, other) and not np.array_equal(other, tight)


def test_faces_can_be_placed_by_their_eyes(model: Path, yunet_file: Path) -> None:
    picture, _ = scene((100, 40, 140, 20))
    load = {"detector": "yunet", "detector_model": yunet_file}
    upright, tilted = (fer.load(model, align=align, **load) for align in (True, False))
    assert upright.detector is not None
    (face,) = upright.detector.detect(picture)
    assert upright.cutter.align and not tilted.cutter.align
    expected_crop = Cropper((48, 48), align=True, colour=False)(picture, face)
    assert np.array_equal(upright.cutter(picture, face), expected_crop)
    assert not np.array_equal(tilted.cutter(picture, face), expected_crop)


@pytest.mark.parametrize(
    "image",
    [np.zeros((9, 9, 3)), np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), "a.png",
     np.zeros((0, 9, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(model: Path, image: object) -> None:
    with pytest.raises(DataError, match=r"uint8 \[H, W, 3\]"):
        fer.load(model)([image])  # type: ignore[list-item]


def test_bad_models_are_refused(tmp_path: Path, yunet_file: Path) -> None:
    path = tmp_path / "model.onnx"
    for content in (b"", b"no model", bytes(range(256)) * 9):
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"model\.onnx is no ONNX model"):
            fer.load(path)
    half = brightness_model(tmp_path / "whole.onnx").read_bytes()
    path.write_bytes(half[: len(half) // 2])
    with pytest.raises(RunError, match="is no ONNX model"):
        fer.load(path)
    with pytest.raises(RunError, match="fer did not export it"):
        fer.load(yunet_file)
    with pytest.raises(RunError, match="there is no model"):
        fer.load(tmp_path / "gone.onnx")
    other = tmp_path / "face.png"
    other.write_bytes(b"text")
    with pytest.raises(RunError, match=r"face\.png is no model that fer opens: \.onnx, \.safetens"):
        fer.load(other)
    with pytest.raises(RunError, match="no run folder"):
        fer.load(tmp_path)
    with pytest.raises(RunError, match="named by its path, this is ndarray"):
        fer.load(np.zeros((9, 9, 3), np.uint8))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (None, "NoneType"),  # what OpenCV reads of a file that is not there
        (np.zeros((9, 12), np.uint8), r"uint8 \(9, 12\)"),
        ([np.zeros((9, 12), np.uint8)], r"uint8 \(9, 12\)"),
        (np.zeros((2, 9, 12, 4), np.uint8), r"uint8 \(9, 12, 4\)"),
    ],
)
def test_what_is_no_picture_is_told(picture: Any, told: str, tmp_path: Path) -> None:
    recognizer = fer.load(brightness_model(tmp_path / "model.onnx"), detector="none")
    with pytest.raises(DataError, match=rf"uint8 \[H, W, 3\], RGB; this is {told}"):
        recognizer(picture)


@pytest.mark.parametrize("name", ["m.onnx", "m.safetensors", "m.pt", "m.ckpt", "m.pkl"])
def test_a_pickle_is_never_opened(name: str, tmp_path: Path) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(RunError, match="may hold pickled code and is not opened"):
        fer.load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_the_description_survives_and_another_version_is_refused() -> None:
    info = ModelInfo(("happy", "sad"), CropPlan((96, 80), margins={"haar": 0.1}), 1.5, 0.4)
    texts = info.metadata()
    assert ModelInfo.from_metadata(texts, "m") == info
    with pytest.raises(RunError, match="another version of fer"):
        ModelInfo.from_metadata({**texts, f"{PREFIX}format": "99"}, "m")
    with pytest.raises(RunError, match="is damaged"):
        ModelInfo.from_metadata({**texts, f"{PREFIX}crop": "{"}, "m")
    with pytest.raises(RunError, match="is damaged"):
        ModelInfo.from_metadata({f"{PREFIX}format": "1"}, "m")


def test_wrong_settings_and_missing_packages_are_told(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for settings, told in (
        ({"detector": "mtcnn"}, "detector=mtcnn cannot be: choose haar, yunet, none"),
        ({"detector": "none", "align": True}, "eyes need a detector"),
        ({"device": "tpu"}, "device=tpu cannot be: choose cpu, gpu"),
        ({"margin": -0.5}, "margin=-0.5 cannot be: it is from -0.4"),
        ({"min_size": 0}, "min_size=0 cannot be"),
        ({"min_score": 2}, "min_score=2 cannot be"),
        ({"threads": 0}, "threads=0 cannot be"),
    ):
        with pytest.raises(ConfigError, match=told):
            fer.load(model, **settings)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"pip install 'onnxruntime"):
        fer.load(model)


def test_without_a_source_the_shipped_model_is_taken(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fer.recognition import loading

    monkeypatch.setattr(loading, "SHIPPED", tmp_path / "assets.onnx")
    with pytest.raises(RunError, match=r"ships no model: name .* run=outputs.* fer\.train makes"):
        fer.load()
    (tmp_path / "assets.onnx").write_bytes(model.read_bytes())
    assert fer.load().classes[0] == "angry"


def test_neither_importing_nor_recognising_brings_torch_along(model: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), scene((100, 40, 140))[0])
    code = (
        "import sys, fer; print(sorted({'cv2', 'numpy', 'torch'} & set(sys.modules)))\n"
        f"r = fer.load({str(model)!r}); import cv2\n"
        f"print(len(r(cv2.imread({str(tmp_path / 'face.png')!r}))))\n"
        "heavy = {'torch', 'lightning', 'matplotlib', 'sklearn', 'hydra', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "1", "[]"]
