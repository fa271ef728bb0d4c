"""A run folder among processes: one that trains, others that look."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from fer.errors import RunError
from fer.processes import locking
from fer.runs.folder import LOCK, RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """One whose training is done."""
    run = RunFolder(tmp_path / "run")
    run.create({"seed": 1}, state="finished", wandb_id="one")
    return run


def test_half_written_files_of_a_killed_process_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    (run.path / "evaluations").mkdir()
    gone, kept = run.checkpoints / "last.ckpt.part-7", run.path / "evaluations" / "a.part-8"
    gone.touch(), kept.touch()
    with run.lock():
        assert not gone.exists() and kept.exists()


def test_the_lock_of_a_process_killed_at_the_very_end_goes(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.test.mkdir(parents=True)
    lock = run.path / LOCK
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": 1}))
    run.tidy()
    assert not lock.exists() and run.test.exists()
    with run.lock():
        run.tidy()
        assert lock.exists()


def test_a_folder_in_which_nothing_was_written_goes(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    with run.lock():
        assert run.path.exists()
    assert not run.path.exists()


@pytest.mark.parametrize("loss", ["taken over", "removed"])
def test_nothing_is_written_into_a_run_whose_lock_is_lost(loss: str, run: RunFolder) -> None:
    """Another process trains there since this one gave no sign of life."""
    lock = run.path / LOCK
    with run.lock():
        run.update(state="running")
        if loss == "removed":
            lock.unlink()
        else:
            lock.write_text(json.dumps({"host": "elsewhere", "pid": 7}))
        assert not run.is_own()
        with pytest.raises(RunError, match="no longer locked by this process"):
            run.update(state="failed")
    assert run.status["state"] == "running"
    assert lock.exists() == (loss == "taken over")
    run.update(state="failed")  # who holds no lock has none to lose


def test_no_look_is_lost(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many look at the same time, and whatever else is written meanwhile."""
    monkeypatch.setattr(locking, "POLL", 0.001)
    start = threading.Barrier(3)

    def look(who: int) -> None:
        start.wait()
        for number in range(20):
            RunFolder(run.path).look(part="private", who=who, number=number)

    threads = [threading.Thread(target=look, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    start.wait()
    for number in range(20):
        run.update(number=number)
    for thread in threads:
        thread.join()
    status = run.status
    assert status["number"] == 19
    looks = sorted((look["who"], look["number"]) for look in status["test_looks"])
    assert looks == [(who, number) for who in range(2) for number in range(20)]
    assert sorted(path.name for path in run.path.iterdir()) == [
        "checkpoints",
        "config.yaml",
        "status.json",
    ]


def test_a_deleted_run_is_not_made_again(run: RunFolder, tmp_path: Path) -> None:
    looking = RunFolder(run.path)
    run.path.rename(tmp_path / "moved")
    with pytest.raises(RunError, match="deleted, moved or replaced"):
        looking.look(part="private")
    assert not run.path.exists()
