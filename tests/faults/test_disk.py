"""Disks that are full or may not be written to, and folders that go: a message, nothing wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Told,
    assert_same_training,
    contents,
    here,
    only_run,
    runs,
)
from tests.faults.disks import fill, read_only, small_disk

TIMES = int(os.environ.get("FER_TEST_FULL", "1"))
"""Amounts of room that the disk of a whole training is tried with."""

TWO = (*TINY, "data.train=56", "trainer.max_epochs=2")
OFFLINE = "logger.mode=offline"


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the undisturbed training. Not to be changed."""
    folder = tmp_path_factory.mktemp("straight")
    assert here("train", *TWO, UNTRACKED, folder=folder).status == 0
    return folder


class InTheSecondEpoch(Callback):
    """Does something there."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def on_train_epoch_start(self, trainer: Trainer, *others: object) -> None:
        if trainer.current_epoch == 1:
            self.act()


def train(*more: str, folder: Path, then: Callable[[], object] | None = None) -> Told:
    """The training, during which something happens."""
    with pytest.MonkeyPatch.context() as patch:
        if then is not None:
            callbacks = [InTheSecondEpoch(then)]
            patch.setattr(
                fer.training.lightning_trainer, "progress_callbacks", lambda kind: callbacks
            )
        return here("train", *TWO, *(more or (UNTRACKED,)), folder=folder)


def refused(told: Told, *words: str) -> None:
    """One message, the last line, that says what is wrong, where, and what to do."""
    assert told.status == 1, told.out + told.err
    assert "Traceback" not in told.err and "Logging error" not in told.err
    message = told.err.splitlines()[-1]
    assert message.startswith("error: ")
    for word in words:
        assert word in message, message


def test_folder_deleted_meanwhile(tmp_path: Path) -> None:
    where: list[Path] = []

    def delete() -> None:
        where.append(only_run(tmp_path).path)
        shutil.rmtree(where[0])

    told = train(OFFLINE, folder=tmp_path, then=delete)
    refused(told, str(where[0].relative_to(tmp_path)), "was deleted", "run the same command")
    assert runs(tmp_path) == []
    assert not list(where[0].rglob("*.c*"))  # no half of a run is left


@pytest.mark.slow
def test_folder_replaced_meanwhile(straight: Path, tmp_path: Path) -> None:
    """By another training of the same configuration: the first one leaves it alone."""
    own: RunFolder | None = None

    def replace() -> None:
        nonlocal own
        own = only_run(tmp_path)
        own.path.rename(tmp_path / "moved")
        shutil.copytree(only_run(straight).path, own.path)

    told = train(folder=tmp_path, then=replace)
    assert own is not None
    refused(told, "replaced", "put it back")
    files = contents(own.path)
    kept = contents(only_run(straight).path)
    assert {name: size for name, (_, size) in files.items()} == {
        name: size for name, (_, size) in kept.items()
    }
    shutil.rmtree(own.path)
    (tmp_path / "moved").rename(own.path)
    told = train(folder=tmp_path)
    assert "going on after epoch 1" in told.out
    assert_same_training(only_run(tmp_path), only_run(straight))


@pytest.mark.slow
def test_becomes_read_only_meanwhile(straight: Path, tmp_path: Path) -> None:
    with ExitStack() as disk:

        def protect() -> None:
            disk.enter_context(read_only(tmp_path / "outputs"))

        told = train(OFFLINE, folder=tmp_path, then=protect)
        refused(told, "Read-only file system", "outputs/")
        refused(train(folder=tmp_path), "Read-only file system", "outputs/")
    told = train(folder=tmp_path)
    assert told.status == 0, told.err
    assert "going on after epoch 1" in told.out
    assert_same_training(only_run(tmp_path), only_run(straight))


@pytest.mark.slow
def test_finished_run_that_may_only_be_read(straight: Path, tmp_path: Path) -> None:
    shutil.copytree(straight, tmp_path, dirs_exist_ok=True)
    with read_only(tmp_path / "outputs"):
        told = train(folder=tmp_path)
        assert told.status == 0 and "this run is finished" in told.out
        told = here("evaluate", f"run={only_run(tmp_path).path}", folder=tmp_path)
        refused(told, "Read-only file system")


def test_full_from_the_start(tmp_path: Path) -> None:
    """W&B's own logs included."""
    disk = tmp_path / "disk"
    with small_disk(disk, "64m"):
        filler = fill(disk, left=0)
        refused(train(OFFLINE, folder=disk), "outputs/cache", "No space left", "free some room")
        filler.unlink()
        filler = fill(disk, left=500_000)  # for the faces, not for the run
        refused(train(OFFLINE, folder=disk), "no space left on the disk", "make room", "outputs/")
        filler.unlink()
        assert train(OFFLINE, folder=disk).status == 0


@pytest.mark.slow
def test_full_at_any_moment(straight: Path, tmp_path: Path) -> None:
    """Room for any part of what a training writes; with room for all, it ends the same."""
    needs = sum(path.stat().st_size for path in straight.rglob("*") if path.is_file())
    for number, room in enumerate(np.random.default_rng(7).integers(needs, size=TIMES)):
        disk = tmp_path / f"disk{number}"
        with small_disk(disk, "64m"):
            filler = fill(disk, int(room))
            told = train(OFFLINE, folder=disk)
            if told.status:
                refused(told, "o space left")
            filler.unlink()
            told = train(OFFLINE, folder=disk)
            assert told.status == 0, told.err
            assert_same_training(only_run(disk), only_run(straight))
            assert not list(disk.rglob("*.part-*"))
