"""An exponential moving average of the weights, kept beside those that learn."""

from __future__ import annotations

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class EmaWeights(WeightAveraging):
    """After every step, averaged = d * averaged + (1 - d) * learnt; of norms' statistics too.

    Validation, and with it `best.ckpt` and the test, uses the averaged weights; checkpoints hold
    both. In step n, d is at most (1 + n) / (10 + n), as in TensorFlow's `ExponentialMovingAverage`,
    so that the initial weights are soon forgotten.

    Args:
        decay: The largest d, 0 to 1; averages over about 1 / (1 - decay) steps.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: list[Tensor], learnt: list[Tensor], step: Tensor) -> None:
            share = min(decay, (1 + int(step)) / (10 + int(step)))
            for old, new in zip(averaged, learnt, strict=True):
                if old.is_floating_point():
                    old.lerp_(new, 1 - share)
                else:  # batch norm's count of batches
                    old.copy_(new)

        super().__init__(use_buffers=True, multi_avg_fn=torch.no_grad()(average))
