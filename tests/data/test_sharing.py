"""Every image is one process's, and its augmentation does not depend on whose."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer.data.loading import Batches, OwnBatches
from fer.data.sharing import LEAST, SharedDraws, own_rows


@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_rows_are_shared_out_once_and_evenly(world: int) -> None:
    for count in range(LEAST * world, 40):
        shares = [range(count)[own_rows(count, rank, world)] for rank in range(world)]
        assert [row for share in shares for row in share] == list(range(count))
        sizes = [len(share) for share in shares]
        assert min(sizes) >= LEAST and max(sizes) - min(sizes) <= 1


def test_a_tiny_batch_is_taken_whole_by_all() -> None:
    assert [own_rows(5, rank, world=3) for rank in range(3)] == [slice(0, 5)] * 3


@pytest.mark.parametrize("count", [1, 4, 8, 9, 13])
def test_validation_batches_are_those_of_one_process(count: int) -> None:
    indices = np.random.default_rng(0).permutation(count)
    whole = [batch.tolist() for batch in Batches(indices, 4)]
    shares = [OwnBatches(Batches(indices, 4), rank, world=2) for rank in (0, 1)]
    taken = [[batch.tolist() for batch in share] for share in shares]
    assert len(taken[0]) == len(taken[1]) == len(shares[0])
    in_turn = [batch for turn in zip(*taken, strict=True) for batch in turn]
    assert in_turn[: len(whole)] == whole
    assert all(batch == whole[-1] for batch in in_turn[len(whole) :])


def test_shared_draws_do_not_see_what_else_is_drawn() -> None:
    found = []
    for own in (1, 3):
        draws = SharedDraws()
        torch.manual_seed(7)
        draws.begin()
        torch.manual_seed(own)
        shared, other = [], []
        for _ in range(2):
            with draws.drawn():
                shared.append(torch.rand(2))
            other.append(torch.rand(own))
        torch.manual_seed(own)
        assert torch.equal(torch.cat(other), torch.rand(2 * own))
        found.append(torch.cat(shared))
    torch.manual_seed(7)
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], torch.rand(4))
