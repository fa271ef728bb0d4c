"""The real commands, in a fresh process or in this one, in a folder of the test's own."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
import fer.training.sweep
from fer.runs.folder import RunFolder

TINY = (
    "data.train=28",
    "data.validation=14",
    "data.test=14",
    "data.batch_size=14",
    "model.backbone=test_resnet",  # timm's own for tests: 0.4 million parameters
    "trainer.max_epochs=1",
    "trainer.threads=1",
    "trainer.accelerator=cpu",
    "trainer.progress=lines",
)
"""A run of a second or two."""

UNTRACKED = "logger.mode=disabled"


@dataclass(frozen=True)
class Told:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's, with one thread and wide tables, and without its W&B service."""
    kept = {key: value for key, value in os.environ.items() if key != "WANDB_SERVICE"}
    return kept | {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "CUDA_VISIBLE_DEVICES": ""}


def in_process_of_its_own(
    command: str, *arguments: str, folder: Path, merged: bool = False
) -> Told:
    """`python -m fer.<command>` in a folder; merged, errors stand among the output."""
    done = subprocess.run(
        [sys.executable, "-m", f"fer.{command}", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr or "")


def here(command: str, *arguments: str, folder: Path) -> Told:
    """The same command without a new process, which would cost seconds of imports."""
    main = importlib.import_module(f"fer.{command}").main
    out, err = io.StringIO(), io.StringIO()
    before, argv, columns = Path.cwd(), sys.argv, os.environ.get("COLUMNS")
    sys.argv, os.environ["COLUMNS"], fer.training.sweep._failed = (
        [f"fer.{command}", *arguments],
        "200",
        False,
    )
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # what nothing catches ends a process so
        err.write(traceback.format_exc())
        status = 1
    finally:
        os.chdir(before)
        sys.argv = argv
        del os.environ["COLUMNS"]
        if columns is not None:
            os.environ["COLUMNS"] = columns
        GlobalHydra.instance().clear()
    return Told(status, out.getvalue(), err.getvalue())


def runs(folder: Path) -> list[RunFolder]:
    """The run folders below a folder's `outputs/`, by name."""
    found = [RunFolder(path.parent) for path in sorted(folder.glob("outputs/*/*/status.json"))]
    return [run for run in found if run.exists()]


def only_run(folder: Path) -> RunFolder:
    """The one run folder there."""
    (run,) = runs(folder)
    return run


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its time and size, to tell whether anything was touched."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True)
class Done:
    """A command that ran to its end, and the run folder it left."""

    folder: Path
    arguments: tuple[str, ...]
    told: Told

    @property
    def run(self) -> RunFolder:
        return only_run(self.folder)


Copy = Callable[[Done], Done]
"""Makes a copy of a finished command's folder, free to be changed."""


class PowerCut(Callback):
    """Ends a training in the middle of an epoch.

    Args:
        epoch: From 1.
        error: What is raised after a batch of that epoch.
        after: Which one, from 1.
    """

    def __init__(self, epoch: int, error: BaseException, after: int = 2) -> None:
        self.epoch, self.error, self.after = epoch, error, after

    def on_train_batch_end(self, trainer: Trainer, *others: object) -> None:
        if trainer.current_epoch + 1 == self.epoch and others[-1] == self.after - 1:
            raise self.error


def cut_short(*arguments: str, epoch: int, folder: Path, after: int = 2) -> Told:
    """Trains until the middle of an epoch."""
    cut = PowerCut(epoch, RuntimeError("power cut"), after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.lightning_trainer, "progress_callbacks", lambda kind: [cut])
        told = here("train", *arguments, folder=folder)
    assert told.status != 0
    assert "power cut" in told.err
    return told


def assert_same_training(one: RunFolder, other: RunFolder) -> None:
    """Bit for bit the same weights, optimiser and rows, but for how long it took."""
    for path, twin in ((one.last, other.last), (one.best, other.best)):
        left, right = (torch.load(p, weights_only=True) for p in (path, twin))
        for key in ("state_dict", "optimizer_states", "schedule", "epoch", "global_step"):
            assert_same(left[key], right[key], f"{path.name} {key}")
        for key in ("current_model_state", "averaging_state"):  # with averaged weights
            assert_same(left.get(key), right.get(key), f"{path.name} {key}")
    for left, right in zip(one.rows(), other.rows(), strict=True):
        for key in ("seconds", "images_per_second"):
            del left[key], right[key]
        assert left == right
    assert one.results()["metrics"] == other.results()["metrics"]


def assert_same(left: Any, right: Any, where: str) -> None:
    """Equal, tensors bit for bit."""
    if isinstance(left, torch.Tensor):
        assert torch.equal(left, right), where
    elif isinstance(left, Mapping):
        assert list(left) == list(right), where
        for key in left:
            assert_same(left[key], right[key], f"{where} {key}")
    elif isinstance(left, list):
        assert len(left) == len(right), where
        for i, (a, b) in enumerate(zip(left, right, strict=True)):
            assert_same(a, b, f"{where} {i}")
    else:
        assert left == right, where
