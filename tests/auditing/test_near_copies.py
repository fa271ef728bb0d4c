"""The same photograph is found in other crops, lights and directions; another one is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer.auditing.near_copies import NearCopies, aligned_distance, find_near_copies
from fer.data.synthetic import draw_face

Image = NDArray[np.uint8]
STEP = 14  # faces of one person


def faces(number: int = 12, size: int = 48) -> Image:
    """Faces of different people."""
    return np.stack([draw_face(0, i * (STEP + 1), size).image for i in range(number)])


def shifted(image: Image) -> Image:
    return np.pad(image, ((1, 0), (0, 2)), mode="edge")[:48, 2:]


def lit(image: Image) -> Image:
    return (image * 0.6 + 40).astype(np.uint8)


def noisy(image: Image) -> Image:
    return (image + np.random.default_rng(0).normal(0, 6, image.shape)).clip(0, 255).astype("uint8")


def search(images: Image, **settings: float) -> NearCopies:
    return find_near_copies(images, np.arange(len(images)), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [shifted, lit, noisy])
def test_a_changed_picture_is_found(change: object) -> None:
    images = faces()
    found = search(np.concatenate([images, change(images[4])[None]]))  # type: ignore[operator]
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert (4, 12) in pairs
    assert not found.mirrored[pairs.index((4, 12))]
    assert (np.diff(found.distance) >= 0).all()


def test_different_people_are_no_copies() -> None:
    assert len(search(faces(), mirrored=False)) == 0


def test_mirror_images_are_found_where_asked_for() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 48, 48)).astype(np.uint8)
    images = np.concatenate([images, images[2:3, :, ::-1]])
    found = search(images)
    assert (found.first.tolist(), found.second.tolist()) == ([2], [6])
    assert found.mirrored.tolist() == [True] and found.distance[0] == pytest.approx(0, abs=1e-5)
    assert len(search(images, mirrored=False)) == 0


def test_only_chosen_images_are_compared_and_the_threshold_decides() -> None:
    images = faces(4)
    images = np.concatenate([images, noisy(images[1])[None], images[:1]])
    found = find_near_copies(images, np.array([0, 1, 4]))
    assert (found.first.tolist(), found.second.tolist()) == ([1], [4])
    assert len(find_near_copies(images, np.array([0, 1, 4]), distance=0.01)) == 0


def test_blank_pictures_are_copies_of_nothing() -> None:
    images = np.stack([np.full((48, 48), level, dtype=np.uint8) for level in (0, 1, 128, 255)])
    assert len(search(images)) == 0


def test_large_colour_pictures_are_compared_too() -> None:
    images = faces(5, size=96)[..., None].repeat(3, axis=3)
    images = np.concatenate([images, lit(images[3])[None]])
    found = search(images, mirrored=False)
    assert (found.first.tolist(), found.second.tolist()) == ([3], [5])


def test_distance_is_zero_for_equal_and_about_one_for_unrelated_pictures() -> None:
    noise = np.random.default_rng(0).random((40, 48, 48)).astype(np.float32)
    assert aligned_distance(noise, noise).max() < 1e-5
    assert 0.9 < aligned_distance(noise[:20], noise[20:]).mean() < 1.3
