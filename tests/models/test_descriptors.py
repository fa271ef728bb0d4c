"""Descriptors against values worked out by hand, and maps against other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from skimage.feature import local_binary_pattern

from fer.errors import ConfigError
from fer.models.descriptors import describe
from fer.models.descriptors.lpq import RHO, _filters, lpq_codes
from fer.models.extra_channels import add_channels, extra_count, lbp_map, moment_maps
from tests.composing import settings

LBP, LPQ, PHOG = (settings(f"model={name}")["model"] for name in ("lbp_svm", "lpq_svm", "phog_svm"))
PIXELS = settings("model=gmm")["model"]


def noise(count: int = 3, side: int = 48) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (count, side, side), dtype=np.uint8)


def impulse(row: int, column: int) -> NDArray[np.uint8]:
    image = np.zeros((1, 3, 3), dtype=np.uint8)
    image[0, row, column] = 200
    return image


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (1, 1, 255),  # every coefficient is 1 + 0i
        (1, 2, 0b00001100),  # (a, 0), (a, a), (a, -a): -0.5 - 0.87i; (0, a): 1
        (2, 1, 0b10000011),  # (a, 0): 1; (0, a), (a, a): -0.5 - 0.87i; (a, -a): -0.5 + 0.87i
        (0, 0, 0b11001010),  # (a, 0), (0, a): -0.5 + 0.87i; (a, a): -0.5 - 0.87i; (a, -a): 1
    ],
)
def test_phases_of_a_single_bright_pixel(row: int, column: int, code: int) -> None:
    assert lpq_codes(impulse(row, column), window=3, decorrelate=False).tolist() == [[[code]]]


@pytest.mark.parametrize("decorrelate", [False, True])
def test_a_flat_picture_has_no_phase(decorrelate: bool) -> None:
    flat = np.full((1, 9, 9), 77, dtype=np.uint8)
    assert (lpq_codes(flat, 5, decorrelate) == 255).all()


@pytest.mark.parametrize("window", [3, 5, 7])
def test_decorrelation_is_a_turn_after_which_nothing_is_correlated(window: int) -> None:
    plain, turned = _filters(window, False), _filters(window, True)
    turn = turned @ np.linalg.pinv(plain)
    np.testing.assert_allclose(turn @ turn.T, np.eye(8), atol=1e-9)
    places = np.stack(np.mgrid[:window, :window], axis=-1).reshape(-1, 2)
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    before, after = (f @ RHO**apart @ f.T for f in (plain, turned))
    off = ~np.eye(8, dtype=bool)
    assert np.abs(before[off]).max() > 0.1
    assert np.abs(after[off]).max() < 1e-4


def test_blur_changes_phases_less_than_patterns() -> None:
    image = noise(1, 60)[0].astype(float)
    image = sum(np.roll(image, (i, j), (0, 1)) for i in range(6) for j in range(6)) / 36
    blurred = sum(np.roll(image, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
    sharp, soft = (im.round().astype(np.uint8)[None] for im in (image, blurred))

    def agreement(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> float:
        return float((np.unpackbits(left) == np.unpackbits(right)).mean())

    phases = agreement(lpq_codes(sharp, 7, False), lpq_codes(soft, 7, False))
    patterns = agreement(
        *(local_binary_pattern(im[0], 8, 1).astype(np.uint8) for im in (sharp, soft))
    )
    assert phases > 0.85 > patterns


@pytest.mark.parametrize(
    ("chosen", "length", "histograms"),
    [(LBP, 36 * 59, 36), (LPQ, 25 * 256, 25), (PHOG, 85 * 8, 1)],
    ids=["lbp", "lpq", "phog"],
)
def test_vectors_are_roots_of_shares(chosen: dict, length: int, histograms: int) -> None:
    vectors = describe(noise(), chosen)
    assert vectors.shape == (3, length) and vectors.dtype == np.float32
    shares = (vectors.reshape(3, histograms, -1) ** 2).sum(axis=-1)
    np.testing.assert_allclose(shares, 1, rtol=1e-5)
    np.testing.assert_array_equal(describe(noise()[1:2], chosen)[0], vectors[1])


def test_patterns_are_counted_in_their_cell() -> None:
    image = noise(1, 14)
    found = describe(image, LBP | {"lbp": {"radius": 1, "cells": 2}}).reshape(2, 2, 59)
    codes = local_binary_pattern(image[0], 8, 1, method="nri_uniform")[1:-1, 1:-1].astype(int)
    expected = np.bincount(codes[:6, 6:].ravel(), minlength=59) / 36
    np.testing.assert_allclose(found[0, 1] ** 2, expected, atol=1e-6)
    assert not np.allclose(found[0, 0], found[0, 1])


@pytest.mark.parametrize("edges", [False, True])
def test_orientations_by_cell(edges: bool) -> None:
    image = np.zeros((1, 16, 16), dtype=np.uint8)
    image[0, :, 4:8] = 200  # left half: a bright bar, gradients to the right, then to the left
    image[0, 8:, 8:] = 200  # right half: brighter below
    chosen = PHOG | {"phog": {"levels": 1, "bins": 4, "edges": edges}}
    found = describe(image, chosen)[0] ** 2
    whole, cells = found[:4], found[4:].reshape(2, 2, 4)
    np.testing.assert_allclose(whole, cells.sum(axis=(0, 1)), rtol=1e-5)
    assert cells[0, 0, 0] > 0 and cells[0, 0, 1] == cells[0, 0, 3] == 0
    if not edges:
        assert cells[1, 1, 1] > 0 and cells[1, 1, 3] == 0


def test_pixels_ignore_lighting() -> None:
    dark = noise() // 4
    bright = (2 * dark + 30).astype(np.uint8)
    np.testing.assert_allclose(describe(dark, PIXELS), describe(bright, PIXELS), atol=1e-5)
    assert np.abs(describe(np.zeros((1, 4, 4), dtype=np.uint8), PIXELS)).max() == 0


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (LBP | {"lbp": {"radius": 8, "cells": 6}}, "6 x 6 cells over 4 x 4"),
        (LPQ | {"lpq": {"window": 21, "cells": 1, "decorrelate": True}}, r"model\.lpq\.window=21"),
        (
            PHOG | {"phog": {"levels": 5, "bins": 8, "edges": False}},
            r"32 x 32 .*phog\.levels",
        ),
    ],
    ids=["lbp", "lpq", "phog"],
)
def test_faces_that_are_too_small_are_told(chosen: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        describe(noise(1, 20), chosen)


def test_map_of_patterns_by_hand() -> None:
    square = torch.tensor([[5.0, 9, 1], [7, 6, 6], [2, 3, 8]])
    centre = lbp_map(square.view(1, 1, 3, 3) / 255)[0, 0, 1, 1]
    # right 6, upper right 1, up 9, upper left 5, left 7, lower left 2, down 3, lower right 8
    assert float(centre * 255) == pytest.approx(0b10010101)


def test_map_of_patterns_agrees_with_scikit_image() -> None:
    image = noise(1)[0]
    ours = (lbp_map(torch.from_numpy(image).float().view(1, 1, 48, 48) / 255) * 255).round().int()
    theirs = local_binary_pattern(image, 8, 1).astype(int)
    straight = 0b01010101  # its diagonal neighbours are interpolated on a circle
    inner = np.s_[1:-1, 1:-1]
    np.testing.assert_array_equal(ours[0, 0].numpy()[inner] & straight, theirs[inner] & straight)
    assert len(np.unique(ours.numpy() & ~straight)) == 16


def test_maps_of_moments_agree_with_scipy() -> None:
    image = noise(1)[0] / 255.0
    maps = moment_maps(torch.from_numpy(image).float().view(1, 1, 48, 48))[0].numpy()
    for row, column in ((2, 2), (10, 33), (45, 45)):
        window = image[row - 2 : row + 3, column - 2 : column + 3].ravel()
        expected = np.array([stats.skew(window), stats.kurtosis(window)])
        np.testing.assert_allclose(maps[:, row, column], 1 / (1 + np.exp(-expected)), atol=1e-5)
    flat = moment_maps(torch.full((1, 1, 9, 9), 0.3))
    assert (flat == 0.5).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("names", [["lbp"], ["hos"], ["hos", "lbp"]])
def test_maps_stand_behind_the_picture(channels: int, names: list[str]) -> None:
    images = torch.rand(2, channels, 20, 24)
    seen = add_channels(images, names)
    assert seen.shape == (2, channels + extra_count(names), 20, 24)
    assert torch.equal(seen[:, :channels], images)
    assert seen.min() >= 0 and seen.max() <= 1
    gray = add_channels(images[:, :1].expand(-1, 3, -1, -1), names)[:, 3:]
    torch.testing.assert_close(gray, add_channels(images[:, :1], names)[:, 1:])
