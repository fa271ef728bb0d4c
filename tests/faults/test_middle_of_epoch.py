"""A training that ends in the middle of an epoch goes on there, bit by bit as if it had not."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    assert_same_training,
    cut_short,
    here,
    only_run,
)

FOUR = (*TINY, UNTRACKED, "data.train=56", "trainer.max_epochs=2")
"""Four steps an epoch."""

LEVERS = (
    "trainer.ema_decay=0.9",
    "trainer.accumulate=2",
    "augment.mixup.alpha=0.2",
    "model.dropout=0.3",
    "data.size=40",
)
"""With more that has a memory or draws."""


def straight(folder: Path, *more: str) -> RunFolder:
    told = here("train", *FOUR, *more, folder=folder)
    assert told.status == 0, told.err
    return only_run(folder)


@pytest.mark.parametrize("more", [(), LEVERS], ids=["plain", "levers"])
def test_goes_on_within_the_epoch(more: tuple[str, ...], tmp_path: Path) -> None:
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    cut.mkdir(), whole.mkdir()
    steps = "trainer.checkpoint_steps=1"
    accumulate = "trainer.accumulate=2" in more
    cut_short(*FOUR, *more, steps, epoch=2, after=3 if accumulate else 2, folder=cut)
    assert [row["epoch"] for row in only_run(cut).rows()] == [1]
    told = here("train", *FOUR, *more, steps, folder=cut)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    run, other = only_run(cut), straight(whole, *more)
    assert run.path.name == other.path.name  # how often it is written decides no result
    assert_same_training(run, other)


@pytest.mark.parametrize(("number", "why"), [(signal.SIGINT, "user"), (signal.SIGTERM, "SIGTERM")])
def test_asked_to_end_it_finishes_the_step(
    number: signal.Signals, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asks(Callback):
        """Sends the signal while the second step of the second epoch is under way."""

        def on_train_batch_start(self, trainer: Trainer, *others: object) -> None:
            if trainer.global_step == 5:
                signal.raise_signal(number)

    asked, whole = tmp_path / "asked", tmp_path / "whole"
    asked.mkdir(), whole.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(fer.training, "progress_callbacks", lambda kind: [Asks()])
        told = here("train", *FOUR, folder=asked)
    assert told.status == 128 + number
    assert "finishing the step" in told.err
    run = only_run(asked)
    assert run.status["state"] == "interrupted" and run.status["why"].endswith(why)
    told = here("train", *FOUR, folder=asked)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    assert_same_training(run, straight(whole))
