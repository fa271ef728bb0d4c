"""The model that comes with the package."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np

import fer
from fer.recognition.loading import SHIPPED, open_engine
from tests.detection.scenes import drawn


def test_it_is_small_and_says_what_it_is() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000
    info = open_engine(SHIPPED).info
    story = info.story
    assert (story["data"], story["part"], story["n"]) == ("fer2013", "private", 3589)
    assert story["metrics"]["accuracy"] >= 0.68 and len(story["configuration_sha256"]) == 64
    assert info.threshold is not None and "Not for decisions about people" in info.card


def test_recognition_works_without_naming_a_model() -> None:
    picture = np.repeat(drawn()[..., None], 3, axis=2)
    (face,) = fer.load(detector="none")(picture)
    assert abs(sum(face.probabilities.values()) - 1) < 1e-3
    assert face.label == max(face.probabilities, key=lambda name: face.probabilities[name])


def test_it_tells_faces_that_it_was_not_trained_on(real_zip: Path) -> None:
    """Every ninth face of PublicTest, in the zip's order; of all, 68 % are right."""
    with zipfile.ZipFile(real_zip) as archive:
        names = sorted(name for name in archive.namelist() if "/PublicTest_" in name)[::9]
        packed = [np.frombuffer(archive.read(name), np.uint8) for name in names]
    faces = np.stack([cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) for data in packed])
    engine = open_engine(SHIPPED)
    told = [engine.info.classes[k] for k in engine(faces)[0].argmax(axis=1)]
    right = np.mean(
        [label == Path(name).parent.name for label, name in zip(told, names, strict=True)]
    )
    assert len(names) == 399 and right > 0.62
