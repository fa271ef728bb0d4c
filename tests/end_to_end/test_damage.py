"""Damaged, foreign and hostile files, and a full disk: a message, and nothing lost."""

from __future__ import annotations

import json
import os
import pickle
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.end_to_end.commands import (
    UNTRACKED,
    Copy,
    Done,
    Told,
    assert_same_training,
    contents,
    here,
)
from tests.faults.disks import fill, small_disk


def cut_off(path: Path) -> None:
    """Keeps the first two thirds of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def refused(done: Done, status: int = 1) -> Told:
    """Runs the command again, which must end in a message and change nothing."""
    before = contents(done.run.path)
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == status
    assert told.err.startswith("error: ")
    assert len(told.err.splitlines()) == 1
    assert contents(done.run.path) == before
    return told


@pytest.mark.parametrize("damage", [cut_off, Path.unlink])
def test_last_checkpoint_damaged_goes_on_from_the_best(
    damage: Callable[[Path], None], cut: Done, undisturbed: Done, copy: Copy
) -> None:
    done = copy(cut)
    damage(done.run.last)
    told = here("train", *done.arguments, UNTRACKED, folder=done.folder)
    assert told.status == 0, told.err
    assert "last.ckpt damaged or missing; going on from best.ckpt after epoch" in told.out
    assert_same_training(done.run, undisturbed.run)


def test_both_checkpoints_cut_off(cut: Done, copy: Copy) -> None:
    done = copy(cut)
    cut_off(done.run.last)
    cut_off(done.run.best)
    told = refused(done)
    assert "last.ckpt is cut off" in told.err
    assert "restart=true" in told.err


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("form", ["torch", "pickle"])
@pytest.mark.parametrize("finished", [False, True])
def test_code_in_a_checkpoint_is_not_run(
    form: str, finished: bool, cut: Done, plain: Done, copy: Copy, tmp_path: Path
) -> None:
    done, marker = copy(plain if finished else cut), tmp_path / "marker"
    path = done.run.best if finished else done.run.last
    if form == "torch":
        torch.save({"state_dict": {}, "more": Hostile(marker)}, path)
    else:
        path.write_bytes(pickle.dumps({"state_dict": {}, "more": Hostile(marker)}))
    if finished:
        told = here("evaluate", f"run={done.run.path}", folder=done.folder)
        assert told.status == 1
    else:
        told = refused(done)
    assert not marker.exists()
    assert f"{path.name} holds pickled code" in told.err
    pickle.loads(pickle.dumps(Hostile(marker)))
    assert marker.exists(), "the attack itself would not have worked"


def test_checkpoint_of_another_architecture(cut: Done, copy: Copy) -> None:
    done = copy(cut)
    checkpoint = torch.load(done.run.last, weights_only=True)
    name = next(name for name in checkpoint["state_dict"] if name.endswith("weight"))
    checkpoint["state_dict"][name] = torch.zeros(3, 3)
    torch.save(checkpoint, done.run.last)
    told = refused(done)
    assert "of another architecture: 1 tensors differ" in told.err
    assert name in told.err


@pytest.mark.parametrize("finished", [False, True])
def test_folder_of_another_version(finished: bool, cut: Done, plain: Done, copy: Copy) -> None:
    done = copy(plain if finished else cut)
    path = done.run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    told = refused(done)
    assert "another version of fer (format 99" in told.err


@pytest.mark.parametrize("name", ["status.json", "config.yaml"])
def test_status_and_settings_cut_off(name: str, cut: Done, copy: Copy) -> None:
    done = copy(cut)
    path = done.run.path / name
    path.write_text("{")
    told = refused(done)
    assert f"{name} cannot be read" in told.err


@pytest.mark.parametrize("kept", [0, 1])
def test_rows_that_are_lost_are_missed_before_it_goes_on(kept: int, cut: Done, copy: Copy) -> None:
    done = copy(cut)
    done.run.write_rows(done.run.rows()[2 - kept :])
    told = refused(done)
    assert "metrics.csv has no row of epoch 1" in told.err and "restart=true" in told.err


def test_a_finished_run_without_rows_fails_its_job_in_words(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    done.run.metrics.unlink()
    told = here("train", "-m", *done.arguments, folder=done.folder)
    assert told.status == 1 and "Traceback" not in told.err
    assert "metrics.csv has no row of epoch 1, which was trained" in told.err
    assert "metrics.csv has no row of epoch 1, which was trained" in told.out  # of the sweep


def test_a_trained_run_without_rows_does_not_meet_the_test_part(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    done.run.update(state="interrupted", test_looks=[])
    done.run.metrics.unlink()
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 1 and "metrics.csv has no row of epoch 1" in told.err
    assert done.run.status["test_looks"] == []


def test_checkpoint_that_cannot_be_written(cut: Done, undisturbed: Done, copy: Copy) -> None:
    """A limit on the size of files stands in for a full disk where nobody may mount one."""
    done = copy(cut)
    before = done.run.last.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        told = here("train", *done.arguments, UNTRACKED, folder=done.folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.status == 1
    assert "last.ckpt could not be written" in told.err or "best.ckpt could" in told.err
    assert "Traceback" not in told.err
    assert done.run.status["state"] == "failed"
    assert done.run.last.read_bytes() == before
    assert not list(done.run.checkpoints.glob("*.part-*"))
    assert here("train", *done.arguments, UNTRACKED, folder=done.folder).status == 0
    assert_same_training(done.run, undisturbed.run)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own in memory."""
    with small_disk(tmp_path / "disk", "64m") as place:
        yield place


@pytest.mark.parametrize("kib", [0, 200, 3000])
def test_disk_runs_full(kib: int, disk: Path, cut: Done, undisturbed: Done) -> None:
    subprocess.run(["cp", "-a", f"{cut.folder}/.", str(disk)], check=True)
    done = Done(disk, (*cut.arguments, UNTRACKED), cut.told)
    filler = fill(disk, kib * 1024)
    before = done.run.last.read_bytes()
    told = here("train", *done.arguments, folder=disk)
    assert told.status == 1
    assert "Traceback" not in told.err
    assert "no space left on the disk" in told.err
    assert done.run.last.read_bytes() == before
    assert len(done.run.rows()) >= 2
    filler.unlink()
    again = here("train", *done.arguments, folder=disk)
    assert again.status == 0, again.err
    assert_same_training(done.run, undisturbed.run)
