"""A request to end is kept, whenever it comes while several processes train together."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from fer.processes.requeueing import WARNINGS
from fer.processes.signals import EndRequest
from fer.runs.folder import RunFolder
from fer.runs.recording import Recorder
from fer.runs.tracking import Tracker


class Agreement:
    """Two processes' way to tell each other; the signal comes while they do."""

    root_device = torch.device("cpu")

    def __init__(self, number: int | None) -> None:
        self.number = number

    def reduce(self, own: Tensor, reduce_op: str) -> Tensor:
        number, self.number = self.number, None
        if number is not None:
            signal.raise_signal(number)
        return own


class Recording(Recorder):
    """Notes after which batch it would write."""

    def __init__(self, end: EndRequest, every: int | None = None) -> None:
        run = RunFolder("nowhere")
        tracker = Tracker(run, {"logger": {"mode": "disabled"}}, "")
        super().__init__(run, tracker, "validation/accuracy", True, 0, every, end)
        self.written: list[int] = []

    def _save_middle(self, trainer: Any, pl_module: Any, batches: int) -> None:
        self.written.append(batches)


def step(recorder: Recorder, strategy: Agreement, number: int) -> None:
    """One optimiser step, from 1."""
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.1}])
    trainer: Any = SimpleNamespace(
        global_step=number,
        num_training_batches=9,
        world_size=2,
        strategy=strategy,
        optimizers=[optimizer],
    )
    module: Any = None
    recorder.on_train_batch_end(trainer, module, None, {"faces": 4}, number - 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, *WARNINGS])
@pytest.mark.parametrize("every", [None, 1])
def test_a_signal_that_comes_while_they_agree_counts_from_the_next_step(
    number: int, every: int | None
) -> None:
    agreement = Agreement(number)
    with pytest.raises(SystemExit) as end, EndRequest() as request:
        recorder = Recording(request, every)
        request.busy = True
        step(recorder, agreement, 1)
        assert request.asked == number
        assert recorder.written == ([1] if every else [])  # by what both know
        step(recorder, agreement, 2)
        pytest.fail("went on")
    assert end.value.code == 128 + number
    assert recorder.written == ([1, 2] if every else [2])
