"""Checkpoints cut at any length: training goes on from what is whole, or says what to do."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
from fer.errors import RunError
from fer.runs.checkpoints import ZIP, read_checkpoint, resume_point
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    assert_same,
    here,
    only_run,
)

CUTS = int(os.environ.get("FER_TEST_CUTS", "6"))
"""Lengths of each file."""

ARGUMENTS = (
    *TINY,
    UNTRACKED,
    "data.train=56",
    "trainer.max_epochs=3",
    "trainer.monitor=validation/loss",
    "trainer.monitor_mode=min",
)
KEPT = ("middle.ckpt", "last.ckpt", "best.ckpt")


class Ends(Callback):
    """Asks the training to end in an epoch, from 1."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_batch_start(self, trainer: Trainer, module: object, x: object, n: int) -> None:
        if (trainer.current_epoch + 1, n) == (self.epoch, 1):
            signal.raise_signal(signal.SIGINT)


def ended(epoch: int, folder: Path) -> RunFolder:
    """A run with all three checkpoints, ended in an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fer.training.lightning_trainer, "progress_callbacks", lambda kind: [Ends(epoch)]
        )
        told = here("train", *ARGUMENTS, folder=folder)
    assert told.status == 130, told.err
    run = only_run(folder)
    assert sorted(path.name for path in run.checkpoints.iterdir()) == sorted(KEPT)
    return run


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose best epoch is the first; it ended in the third. Not to be changed."""
    folder = tmp_path_factory.mktemp("third")
    run = ended(3, folder)
    assert read_checkpoint(run.last)["callbacks"]["Recorder"]["best_epoch"] == 1
    return folder


@pytest.fixture
def run(third: Path, tmp_path: Path) -> RunFolder:
    """A copy of it."""
    shutil.copytree(third, tmp_path, dirs_exist_ok=True)
    return only_run(tmp_path)


def lengths(size: int) -> Iterator[int]:
    """Some to cut a file at: its ends, and drawn ones."""
    yield from (0, 1, size - 1)
    yield from map(int, np.random.default_rng(size).integers(2, size - 1, size=CUTS))


@pytest.mark.parametrize("name", KEPT)
def test_any_length(name: str, run: RunFolder) -> None:
    """Of whole checkpoints the first in order, or an error; never a part of one."""
    path = run.checkpoints / name
    content = path.read_bytes()
    whole = {kept: read_checkpoint(run.checkpoints / kept)["state_dict"] for kept in KEPT}
    for length in lengths(len(content)):
        path.write_bytes(content[:length])
        if name == "best.ckpt":  # of an epoch that no other checkpoint is of
            with pytest.raises(RunError, match=r"best\.ckpt is cut off.*restart=true"):
                resume_point(run)
            continue
        chosen, checkpoint, told = resume_point(run)
        expected = "last.ckpt" if name == "middle.ckpt" else "middle.ckpt"
        assert chosen is not None and chosen.name == expected
        assert_same(checkpoint["state_dict"], whole[expected], expected)
        assert (told is not None) == (name == "middle.ckpt")


def test_any_flipped_bit(run: RunFolder) -> None:
    """Found, or in a place that nothing is read from: padding between the tensors."""
    content = run.last.read_bytes()
    whole = read_checkpoint(run.last)
    draw = np.random.default_rng(0)
    for place in draw.integers(len(ZIP), len(content), size=CUTS):
        changed = bytearray(content)
        changed[place] ^= 1 << int(draw.integers(8))
        run.last.write_bytes(changed)
        try:
            checkpoint = read_checkpoint(run.last)
        except RunError as error:
            assert "is cut off or damaged" in str(error) and "restart=true" in str(error)
        else:
            assert_same(checkpoint["state_dict"], whole["state_dict"], f"byte {place}")
            assert_same(checkpoint["optimizer_states"], whole["optimizer_states"], f"byte {place}")


def test_the_best_is_made_again_from_the_last(tmp_path: Path) -> None:
    """Where the last epoch is the best one; without either there is nothing to test later."""
    run = ended(2, tmp_path)
    content = run.best.read_bytes()
    run.best.write_bytes(content[:100_000])
    chosen, _, _ = resume_point(run)
    assert chosen == run.middle and run.best.read_bytes() == content
    for path in (run.best, run.last):
        path.write_bytes(content[:100_000])
    with pytest.raises(RunError, match=r"best\.ckpt is cut off.*restart=true"):
        resume_point(run)
