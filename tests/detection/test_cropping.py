from __future__ import annotations

import math
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer.detection import Detection, detector
from fer.detection.cropping import (
    DRAWN,
    Cropper,
    box_matrix,
    choose,
    eye_matrix,
    fill_shape,
    warp,
)
from fer.detection.levels import normalise_levels
from tests.detection.scenes import plain, put


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_a_box_of_whole_pixels_is_cut_exactly() -> None:
    picture = noise(60, 80, 3)
    crop = Cropper(size=(30, 40))(picture, Detection(7, 11, 40, 30, 1))
    assert np.array_equal(crop, picture[11:41, 7:47])


def test_grown_pixels_and_shares_show_more_on_each_side() -> None:
    picture, face = noise(60, 80, 3), Detection(30, 20, 20, 20, 1)
    by_pixels = Cropper(size=(30, 30), grow_pixels=5)(picture, face)
    assert np.array_equal(by_pixels, picture[15:45, 25:55])
    assert np.array_equal(Cropper(size=(30, 30), grow_share=0.25)(picture, face), by_pixels)


def test_beyond_the_picture_its_border_is_repeated() -> None:
    picture = noise(20, 20, 3)
    crop = Cropper(size=(30, 30), grow_pixels=5)(picture, Detection(0, 0, 20, 20, 1))
    assert np.array_equal(crop, np.pad(picture, ((5, 5), (5, 5), (0, 0)), mode="edge"))


def test_another_shape_shows_more_and_keeps_proportions() -> None:
    picture = noise(60, 60, 3)
    crop = Cropper(size=(30, 20))(picture, Detection(20, 20, 20, 20, 1))
    assert np.array_equal(crop, picture[15:45, 20:40])


def test_shrinking_averages() -> None:
    picture = noise(64, 64)
    crop = warp(picture, box_matrix((0, 0, 64, 64), (16, 16)), (16, 16))
    means = picture.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(crop - means).max() <= 1


@pytest.mark.parametrize("box", [(700, 40, 60, 60), (690.3, 12.4, 181, 181), (-20, -9, 90, 90)])
@pytest.mark.parametrize("wide", [True, False])
def test_a_picture_too_long_for_opencv_is_cut_as_another(
    box: tuple[float, ...], wide: bool
) -> None:
    short = noise(200, 1_000, 3)
    long = np.pad(short, ((0, 0), (0, 39_000), (0, 0)), mode="edge")
    x, y, w, h = box
    matrix = box_matrix((x, y, w, h), (60, 60))
    if not wide:  # the same, upright
        short, long = short.swapaxes(0, 1).copy(), long.swapaxes(0, 1).copy()
        matrix = box_matrix((y, x, h, w), (60, 60))
    assert np.array_equal(warp(long, matrix, (60, 60)), warp(short, matrix, (60, 60)))


def test_turned_eyes_in_a_picture_too_long_for_opencv() -> None:
    short = cv2.GaussianBlur(noise(200, 1_000, 3), (9, 9), 0)
    long = np.pad(short, ((0, 0), (0, 39_000), (0, 0)), mode="edge")
    for eyes in (((910.2, 90.0), (955.0, 120.3)), ((3.0, 5.0), (60.0, 9.0))):
        matrix = eye_matrix(eyes, (150, 100), 0.4, 0.5)
        differ = warp(long, matrix, (150, 100)).astype(int) - warp(short, matrix, (150, 100))
        assert np.abs(differ).max() <= 1
    beyond = warp(long, box_matrix((50_000, 500, 20, 20), (20, 20)), (20, 20))
    assert (beyond == long[-1, -1]).all()


@pytest.mark.parametrize("shape", [(1, 14_000), (9_000, 700), (5_003, 6_001)])
def test_shrinking_by_much_averages_without_drawing_much(shape: tuple[int, int]) -> None:
    ramp = np.linspace(20, 230, max(shape))
    picture = np.broadcast_to(ramp if shape[1] > shape[0] else ramp[:, None], shape)
    picture = np.ascontiguousarray(picture, dtype=np.uint8)
    box = fill_shape((0, 0, shape[1], shape[0]), (48, 48))
    tracemalloc.start()
    try:
        crop = warp(picture, box_matrix(box, (48, 48)), (48, 48))
        drawn = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert drawn <= DRAWN**2 + picture.size / 4 + 1e5
    means = ramp[: len(ramp) // 48 * 48].reshape(48, -1).mean(axis=1)
    along = crop.mean(axis=0 if shape[1] > shape[0] else 1)
    assert np.abs(along - means).max() <= 1.5


def test_gray_crops_have_two_axes() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[..., 1] = 100
    crop = Cropper(size=(20, 20), colour=False)(picture, Detection(0, 0, 20, 20, 1))
    assert crop.shape == (20, 20) and (crop == 59).all()  # 0.587 of 100


@pytest.mark.parametrize(("turn", "apart"), [(0, 40), (25, 40), (-40, 23), (170, 70)])
def test_eyes_get_to_their_places(turn: float, apart: float) -> None:
    across = apart / 2 * np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    middle = np.array([93.0, 71.0])
    left, right = (middle - across).tolist(), (middle + across).tolist()
    matrix = eye_matrix((tuple(left), tuple(right)), (150, 100), 0.4, 0.5)
    placed = [matrix @ (*eye, 1) for eye in (left, right)]
    assert np.allclose(placed, [[25, 60], [75, 60]])
    picture = np.zeros((160, 200), np.uint8)
    for x, y in (left, right):
        picture[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] = 255
    drawn = warp(picture, matrix, (150, 100)).astype(float)
    for half, place in ((drawn[:, :50], 25), (drawn[:, 50:], 25)):
        rows, columns = np.indices(half.shape)
        assert (half * (rows + 0.5)).sum() / half.sum() == pytest.approx(60, abs=2.5)
        assert (half * (columns + 0.5)).sum() / half.sum() == pytest.approx(place, abs=2.5)


def tilt(face: Detection) -> float:
    """Degrees between a face's eyes and level."""
    assert face.eyes is not None
    (left, left_y), (right, right_y) = face.eyes
    return abs(math.degrees(math.atan2(right_y - left_y, right - left)))


def test_turned_real_faces_come_out_level_and_of_one_size(
    yunet_file: Path, real_faces: list[NDArray[np.uint8]]
) -> None:
    find = detector("yunet", yunet_file, eyes=True)
    cropper = Cropper(size=(300, 200), align=True, eye_height=0.4, eye_distance=0.4)
    before, after, places = [], [], []
    for number, image in enumerate(real_faces):
        picture = plain()
        put(picture, image, 60, 20, 120 + 4 * number, turn=25 if number % 2 else -25)
        for face in find.detect(picture)[:1]:
            assert cropper.aligns(face)
            for again in find.detect(cropper(picture, face))[:1]:
                before.append(tilt(face))
                after.append(tilt(again))
                places.append(again.eyes)
    assert len(after) >= 15
    assert np.median(before) > 15 and np.median(after) < 3
    assert np.allclose(np.median(places, axis=0), [[60, 120], [140, 120]], atol=5)


def test_without_eyes_the_box_is_cut() -> None:
    picture, face = noise(60, 80, 3), Detection(30, 20, 20, 20, 1)
    cropper = Cropper(size=(20, 20), align=True)
    assert not cropper.aligns(face)
    assert np.array_equal(cropper(picture, face), picture[20:40, 30:50])


def test_largest_and_most_central() -> None:
    corner, middle = Detection(0, 0, 50, 50, 0.9), Detection(140, 100, 30, 30, 0.8)
    assert choose([middle, corner], "largest", plain().shape) == corner
    assert choose([corner, middle], "central", plain().shape) == middle


def test_equalised_levels_fill_the_range_evenly() -> None:
    dark = (noise(64, 64) // 8).astype(np.uint8)
    flat = normalise_levels(dark, "equalize")
    assert flat.min() == 0 and flat.max() == 255
    assert flat.mean() == pytest.approx(128, abs=6)


def test_standardised_levels_have_one_mean_and_deviation() -> None:
    first = (noise(64, 64) // 4 + 20).astype(np.uint8)
    other = (first * 2 + 30).astype(np.uint8)
    one, two = (normalise_levels(image, "standardize") for image in (first, other))
    assert one.mean() == pytest.approx(128, abs=0.5) and one.std() == pytest.approx(
        128 / 3, abs=0.5
    )
    assert np.abs(one.astype(int) - two).max() <= 1
    assert (normalise_levels(np.full((8, 8), 7, np.uint8), "standardize") == 128).all()


def test_clahe_lifts_the_contrast_of_a_dull_corner() -> None:
    image = noise(64, 64)
    image[:32, :32] = 100 + image[:32, :32] // 32
    levelled = normalise_levels(image, "clahe")
    assert levelled[:24, :24].std() > 2 * image[:24, :24].std()


@pytest.mark.parametrize("method", ["equalize", "clahe", "standardize"])
def test_colours_keep_their_chroma(method: str) -> None:
    gray = noise(32, 32, 1).repeat(3, axis=2)
    levelled = normalise_levels(gray, method)
    assert np.abs(levelled - levelled[..., :1].astype(int)).max() <= 1
    assert np.abs(levelled[..., 0].astype(int) - normalise_levels(gray[..., 0], method)).max() <= 1
