"""A training that ends in the middle of an epoch goes on there, bit by bit as if it had not."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    PowerCut,
    Told,
    assert_same_training,
    here,
    only_run,
)

FOUR = (*TINY, UNTRACKED, "data.train=56", "trainer.max_epochs=2")
"""Four batches an epoch."""

LEVERS = (
    "trainer.ema_decay=0.9",
    "trainer.accumulate=2",
    "augment.mixup.alpha=0.2",
    "model.dropout=0.3",
    "data.size=40",
)
"""With more that has a memory or draws; two steps an epoch."""

WINDOWS = ("data.train=1100", "data.batch_size=275", "data.shuffle_window=1024", "data.size=32")
"""Two of them, and four batches still."""

EVERY = "trainer.checkpoint_steps=1"
Straight = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Straight:
    """The run of some settings, undisturbed; made once."""
    made: dict[tuple[str, ...], RunFolder] = {}

    def train(*more: str) -> RunFolder:
        if more not in made:
            folder = tmp_path_factory.mktemp("straight")
            assert here("train", *FOUR, *more, folder=folder).status == 0
            made[more] = only_run(folder)
        return made[more]

    return train


def with_callback(callback: Callback, *arguments: str, folder: Path) -> Told:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.lightning_trainer, "progress_callbacks", lambda kind: [callback])
        return here("train", *arguments, folder=folder)


class Asks(Callback):
    """Sends a signal at the start of a batch of the second epoch, in training or validation."""

    def __init__(self, number: signal.Signals, batch: int, validation: bool = False) -> None:
        self.number, self.batch, self.validation = number, batch, validation

    def on_train_batch_start(self, trainer: Trainer, module: object, x: object, n: int) -> None:
        if not self.validation and (trainer.current_epoch, n) == (1, self.batch):
            signal.raise_signal(self.number)

    def on_validation_start(self, trainer: Trainer, module: object) -> None:
        if self.validation and trainer.current_epoch == 1:
            signal.raise_signal(self.number)


@pytest.mark.parametrize("more", [(), LEVERS, WINDOWS], ids=["plain", "levers", "windows"])
def test_goes_on_within_the_epoch(
    more: tuple[str, ...], straight: Straight, tmp_path: Path
) -> None:
    """Cut twice, the second time in the batch after which it went on."""
    once = 3 if "trainer.accumulate=2" in more else 2
    for after in (once, once + 1):
        cut = PowerCut(2, RuntimeError("power cut"), after)
        assert "power cut" in with_callback(cut, *FOUR, *more, EVERY, folder=tmp_path).err
        assert [row["epoch"] for row in only_run(tmp_path).rows()] == [1]
    told = here("train", *FOUR, *more, EVERY, "trainer.progress=bar", folder=tmp_path)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    assert re.search(r"epoch 2/2 \S+ 8/8 ", told.err)  # the bar, as it was at last
    run, other = only_run(tmp_path), straight(*more)
    assert run.path.name == other.path.name  # how often it is written decides no result
    assert_same_training(run, other)
    assert not run.middle.exists()


@pytest.mark.parametrize(
    ("number", "why", "more"),
    [
        (signal.SIGINT, "user", ()),
        (signal.SIGTERM, "SIGTERM", LEVERS),
        (signal.SIGUSR2, "SIGUSR2", ()),
    ],
    ids=["ctrl-c", "levers", "slurm"],
)
def test_asked_to_end_it_finishes_the_step(
    number: signal.Signals, why: str, more: tuple[str, ...], straight: Straight, tmp_path: Path
) -> None:
    told = with_callback(Asks(number, batch=0), *FOUR, *more, folder=tmp_path)
    assert told.status == 128 + number
    assert "finishing the step" in told.err and "the same command goes on" in told.out
    run = only_run(tmp_path)
    assert run.status["state"] == "interrupted" and run.status["why"].endswith(why)
    told = here("train", *FOUR, *more, folder=tmp_path)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    assert_same_training(run, straight(*more))


def test_asked_to_end_in_validation_it_finishes_the_epoch(
    straight: Straight, tmp_path: Path
) -> None:
    several = ("data.validation=560",)  # three batches
    asks = Asks(signal.SIGTERM, 0, validation=True)
    told = with_callback(asks, *FOUR, *several, folder=tmp_path)
    assert told.status == 128 + signal.SIGTERM
    run = only_run(tmp_path)
    assert [row["epoch"] for row in run.rows()] == [1, 2]
    assert here("train", *FOUR, *several, folder=tmp_path).status == 0
    assert_same_training(run, straight(*several))


def test_a_damaged_middle_is_passed_over(straight: Straight, tmp_path: Path) -> None:
    assert with_callback(Asks(signal.SIGINT, 2), *FOUR, folder=tmp_path).status == 130
    run = only_run(tmp_path)
    run.middle.write_bytes(run.middle.read_bytes()[:5000])
    told = here("train", *FOUR, folder=tmp_path)
    assert told.status == 0, told.err
    assert "middle.ckpt damaged or missing; going on from last.ckpt after epoch 1" in told.out
    assert_same_training(run, straight())
