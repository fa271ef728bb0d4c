"""What is kept in the middle of an epoch comes back, in each of several processes its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lightning import LightningModule

from fer.data.loading import Batches
from fer.data.sharing import SharedDraws
from fer.models.epoch_metrics import EpochMetrics
from fer.runs.middle import middle_state, restore_middle


class Counting(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.train_metrics = EpochMetrics("train", 3, macro=False)


def state(seed: int, draws: SharedDraws) -> dict[str, Any]:
    model = Counting()
    labels = torch.arange(seed) % 3
    torch.manual_seed(seed)
    model.train_metrics.update(torch.tensor(0.5), torch.zeros(seed, 3), labels)
    return middle_state(2, model, draws)


@pytest.mark.parametrize("rank", [0, 1])
def test_each_process_gets_its_own(rank: int) -> None:
    draws = SharedDraws()
    torch.manual_seed(9)
    draws.begin()
    kept = state(4, draws)
    kept["others"] = [state(7, draws)]
    model, batches, restored = Counting(), Batches(np.arange(10), 2, seed=0), SharedDraws()
    restore_middle(kept, batches, model, restored, rank)
    drawn = torch.rand(3)
    torch.manual_seed((4, 7)[rank])
    assert torch.equal(drawn, torch.rand(3))
    assert float(model.train_metrics.loss.weight) == (4, 7)[rank]
    assert batches.skip == 2
    with restored.drawn():
        shared = torch.rand(3)
    torch.manual_seed(9)
    assert torch.equal(shared, torch.rand(3))
