"""Corrupted pictures: worse with strength, the same for the same seed and face, never in place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer.data.corruption_strengths import STRENGTHS
from fer.data.corruptions import CORRUPTIONS, CorruptedImages


def faces(colour: bool = False) -> NDArray[np.uint8]:
    """Twelve smooth pictures with bright and dark places."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(30, 225, size=(12, 6, 6, 3))
    images = np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.uint8)
    return images if colour else images[..., 0]


EVERY = np.arange(12)


def test_every_kind_has_strengths() -> None:
    assert list(CORRUPTIONS) == list(STRENGTHS)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("kind", STRENGTHS)
def test_pictures_get_worse_with_strength(kind: str, colour: bool) -> None:
    images = faces(colour)
    before = images.copy()
    away = []
    for value in STRENGTHS[kind].values:
        worse = CorruptedImages(images, kind, value)[EVERY]
        assert (worse.shape, worse.dtype) == (images.shape, np.uint8)
        away.append(np.abs(worse.astype(float) - images).mean())
    assert away[0] > 0
    assert away == sorted(away)
    assert len(set(away)) == 5
    assert (images == before).all()


@pytest.mark.parametrize("kind", STRENGTHS)
def test_a_face_meets_the_same_draw_in_any_company(kind: str) -> None:
    images, value = faces(), STRENGTHS[kind].values[2]
    together = CorruptedImages(images, kind, value)[EVERY]
    alone = CorruptedImages(images, kind, value)[np.array([7, 2])]
    assert np.abs(together[[7, 2]].astype(int) - alone).max() <= 1  # rounding of batches
    if kind not in ("blur", "jpeg"):  # where nothing is drawn
        other = CorruptedImages(images, kind, value, seed=1)[EVERY]
        assert (other != together).any()


def test_occlusion_covers_the_share_it_says() -> None:
    images = np.zeros((12, 48, 48), np.uint8)
    for value in STRENGTHS["occlusion"].values:
        covered = CorruptedImages(images, "occlusion", value)[EVERY] == 128
        assert covered.mean(axis=(1, 2)) == pytest.approx(value, abs=0.02)


def test_brightness_goes_up_or_down_by_the_share_it_says() -> None:
    images = np.full((12, 8, 8), 128, np.uint8)
    shifted = CorruptedImages(images, "brightness", 0.2)[EVERY].astype(int) - 128
    assert set(np.unique(shifted)) == {-51, 51}


def test_rotation_turns_by_the_angle_it_says() -> None:
    images = np.zeros((12, 49, 49), np.uint8)
    images[:, 24, 36:47] = 255  # a hand that points to the right
    turned = CorruptedImages(images, "rotation", 45)[EVERY]
    rows, columns = np.mgrid[:49, :49] - 24
    for picture in turned:
        inner = np.where(np.hypot(rows, columns) < 23, picture, 0)
        angle = np.arctan2(-(inner * rows).sum(), (inner * columns).sum())
        assert abs(np.degrees(angle)) == pytest.approx(45, abs=2)
