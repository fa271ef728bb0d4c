"""An order in windows: as random as reading the disk in pieces allows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer.data.shuffling import shuffled_in_windows

FACES = 28_700
EQUAL = np.repeat(np.arange(7), FACES // 7)
"""Labels of data that lies sorted by class, as FER2013's caches and class folders do."""

RARE = np.repeat(np.arange(7), [3995, 436, 4097, 7215, 4830, 3171, 4956])
"""With FER2013's own counts, or nearly so."""


def windows(window: int, seed: int = 0, faces: int = FACES) -> list[NDArray[np.int64]]:
    """What lies in memory at a time, to a block or two at its ends."""
    order = shuffled_in_windows(np.arange(faces), window, np.random.default_rng(seed))
    return np.array_split(order, -(-faces // window))


@pytest.mark.parametrize("faces", [0, 1, 1023, 1024, 1025, FACES])
def test_each_face_comes_once(faces: int) -> None:
    order = shuffled_in_windows(np.arange(faces) + 5, 1024, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(5, faces + 5))


def test_an_oversampled_face_comes_as_often_as_it_is_named() -> None:
    order = shuffled_in_windows(np.repeat([3, 1, 2], 500), 1024, np.random.default_rng(0))
    assert np.bincount(order).tolist() == [0, 500, 500, 500]


@pytest.mark.parametrize("window", [1024, 4096, 16384])
@pytest.mark.parametrize("labels", [EQUAL, RARE], ids=["equal", "fer2013"])
def test_every_window_has_its_share_of_every_class(labels: NDArray[np.int64], window: int) -> None:
    due = np.bincount(labels) / len(labels)
    for seed in range(5):
        for own in windows(window, seed):
            share = np.bincount(labels[own], minlength=7) / len(own)
            assert (share / due).min() > (0.9 if labels is EQUAL else 0.45)


def test_few_places_of_the_disk_are_read_at_a_time() -> None:
    """So many faces in a row are of two windows at most."""
    for window, neighbours in ((1024, 8), (16384, 128), (10**5, 256)):
        for own in windows(window, faces=3 * 10**5):
            assert len(np.unique(own // neighbours)) <= 2 * (window / neighbours + 1)


def test_windows_hold_other_faces_in_every_epoch() -> None:
    """The blocks are dealt out at random."""
    one, other = (set(windows(4096, seed)[0].tolist()) for seed in (0, 1))
    assert 0.05 < len(one & other) / len(one) < 0.25  # one in seven by chance


def test_neighbours_are_parted() -> None:
    """A window's faces are shuffled: a batch of a block would be one class."""
    for own in windows(4096):
        assert (np.abs(np.diff(own)) < 32).mean() < 0.05
        assert len(np.unique(EQUAL[own[:64]])) == 7
