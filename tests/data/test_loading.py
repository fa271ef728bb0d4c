from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fer.data.loading import Batches, loader
from fer.data.resident import ResidentPixels
from tests.data.made import made_faces

FACES = made_faces(people=30)
CHOSEN = np.arange(0, len(FACES), 3)


def drawn(batches: Batches, epoch: int = 0) -> list[int]:
    batches.set_epoch(epoch)
    return np.concatenate(list(batches)).tolist()


@pytest.mark.parametrize("size", [1, 16, 70, 1000])
def test_every_image_comes_once_an_epoch(size: int) -> None:
    for seed in (None, 3):
        batches = Batches(CHOSEN, size, seed)
        found = list(batches)
        assert len(found) == len(batches)
        assert all(len(batch) == size for batch in found[:-1]) and 0 < len(found[-1]) <= size
        assert sorted(np.concatenate(found).tolist()) == CHOSEN.tolist()


@pytest.mark.parametrize("sampler", ["shuffle", "balanced"])
def test_no_training_image_is_left_alone(sampler: str) -> None:
    """Batch norm cannot learn from a batch of one."""
    labels = FACES.labels if sampler == "balanced" else None
    for count, expected in ((32, [16, 16]), (33, [16, 17]), (34, [16, 16, 2]), (1, [1])):
        batches = Batches(CHOSEN[:count], 16, 3, labels)
        assert [len(batch) for batch in batches] == expected
        assert len(batches) == len(expected)
    assert [len(batch) for batch in Batches(CHOSEN[:33], 16)] == [16, 16, 1]


def test_order_is_drawn_from_seed_and_epoch() -> None:
    one = [drawn(Batches(CHOSEN, 16, 3), epoch) for epoch in range(3)]
    straight = Batches(CHOSEN, 16, 3)
    assert [drawn(straight, epoch) for epoch in range(3)] == one
    assert one[0] != one[1] != one[2] != one[0]
    assert drawn(Batches(CHOSEN, 16, 4)) != one[0]
    assert drawn(Batches(CHOSEN, 64, 3)) == one[0]
    assert one[0] != CHOSEN.tolist()


def test_an_order_in_windows_is_drawn_from_seed_and_epoch_and_goes_on() -> None:
    indices = np.arange(100, 3_100)
    whole = drawn(Batches(indices, 64, 3, window=1024), 1)
    assert drawn(Batches(indices, 64, 3, window=1024), 0) != whole
    assert drawn(Batches(indices, 64, 4, window=1024), 1) != whole
    rest = Batches(indices, 64, 3, window=1024)
    rest.skip = 20
    assert drawn(rest, 1) == whole[20 * 64 :]


def test_without_a_seed_the_order_stays() -> None:
    assert drawn(Batches(CHOSEN, 16), 5) == CHOSEN.tolist()


def unbalanced() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = np.repeat(np.arange(7), [2000, 100, 900, 1500, 40, 700, 300])
    return labels, np.random.default_rng(0).permutation(len(labels))


def test_balanced_sampling_draws_classes_alike() -> None:
    labels, indices = unbalanced()
    batches = Batches(indices, 64, 1, labels)
    for epoch in range(3):
        found = drawn(batches, epoch)
        assert len(found) == len(indices) and set(found) <= set(indices.tolist())
        counts = np.bincount(labels[found], minlength=7)
        assert counts == pytest.approx(np.full(7, len(indices) / 7), rel=0.15)
    assert drawn(batches, 0) == drawn(Batches(indices, 64, 1, labels), 0)
    assert drawn(batches, 0) != drawn(batches, 1)


def test_balanced_sampling_looks_at_the_part_alone() -> None:
    labels, indices = unbalanced()
    some = indices[labels[indices] != 3]
    counts = np.bincount(labels[drawn(Batches(some, 64, 1, labels))], minlength=7)
    assert counts[3] == 0
    assert np.delete(counts, 3) == pytest.approx(np.full(6, len(some) / 6), rel=0.15)


def test_batches_hold_the_faces_of_their_indices() -> None:
    for batch in loader(FACES, Batches(CHOSEN, 16, 3)):
        index = batch["index"].numpy()
        assert batch["image"].dtype == torch.uint8 and batch["label"].dtype == torch.int64
        assert batch["image"].shape == (len(index), 8, 8)
        assert batch["image"][:, 0, 0].tolist() == (index % 251).tolist()
        assert batch["label"].tolist() == FACES.labels[index].tolist()


def test_only_the_batch_is_copied(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", FACES.images)
    mapped: Any = np.load(tmp_path / "images.npy", mmap_mode="r")
    batch = next(iter(loader(replace(FACES, images=mapped), Batches(CHOSEN, 16, 3))))
    assert batch["image"].untyped_storage().nbytes() == 16 * 8 * 8
    batch["image"].fill_(0)
    batch["label"].fill_(9)
    assert np.array_equal(mapped, FACES.images) and FACES.labels.max() == 6


def test_loading_leaves_the_global_random_numbers_alone() -> None:
    torch.manual_seed(7)
    np.random.seed(7)
    before, numpys = torch.get_rng_state(), np.random.get_state()[1]
    for faces in (FACES, made_faces(people=2)):
        for _ in loader(faces, Batches(np.arange(14), 4, 3)):
            pass
        iter(loader(faces, Batches(np.arange(14), 4)))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpys)


def test_a_loader_follows_the_epoch_of_its_batches() -> None:
    batches = Batches(CHOSEN, 16, 3)
    made = loader(FACES, batches)

    def epoch(number: int) -> list[int]:
        batches.set_epoch(number)
        return torch.cat([batch["index"] for batch in made]).tolist()

    assert epoch(0) == drawn(Batches(CHOSEN, 16, 3), 0)
    assert epoch(2) == drawn(Batches(CHOSEN, 16, 3), 2) != epoch(0)


def test_pixels_on_a_device_give_the_same_batches() -> None:
    resident = ResidentPixels(True)
    cpu = torch.device("cpu")
    pixels = resident.of(FACES, cpu)
    assert pixels is not None and resident.of(FACES, cpu) is pixels  # copied once
    ours, theirs = (loader(FACES, Batches(CHOSEN, 16, 3), kept) for kept in (pixels, None))
    for one, other in zip(ours, theirs, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in other)
    assert ResidentPixels("auto").of(FACES, cpu) is None


@pytest.mark.parametrize(("free", "stay"), [(4, True), (3.9, False)])
def test_pixels_go_to_a_gpu_that_has_four_times_their_room(
    free: float, stay: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = FACES.images.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free * size), 10 * size))
    assert ResidentPixels("auto")._kept_on(torch.device("cuda"), size) is stay
