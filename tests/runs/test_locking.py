"""A lock has one owner, even where the one before is just leaving."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from fer.errors import RunError
from fer.runs import locking
from fer.runs.folder import RunFolder
from fer.runs.locking import locked


def test_one_owner_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path, "taken"):
        with pytest.raises(RunError, match="taken"), locked(path, "taken"):
            pass
        assert path.exists()
    assert not path.exists()


def test_a_lock_that_was_removed_meanwhile_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner leaves after the file was opened and before it is locked."""
    path, flock, left = tmp_path / ".lock", locking.fcntl.flock, []

    def leaves_first(file: object, how: int) -> None:
        if not left:
            left.append(path.stat().st_ino)
            path.rename(tmp_path / "removed")  # keeps its number from being given out again
        flock(file, how)

    monkeypatch.setattr(locking.fcntl, "flock", leaves_first)
    with locked(path, "taken"):
        assert path.stat().st_ino != left[0]
        monkeypatch.undo()
        with pytest.raises(RunError), locked(path, "taken"):
            pass


def test_it_names_its_owner(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    with (
        locked(path, "taken"),
        pytest.raises(RunError, match=rf"taken \({owner}.*\): wait for it, or end it"),
        locked(path, "taken"),
    ):
        pass


def test_who_waits_gets_it_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "POLL", 0.01)
    path, told, done = tmp_path / ".lock", [], []

    def second() -> None:
        with locked(path, "taken", told.append):
            done.append("second")

    waiting = threading.Thread(target=second)
    with locked(path, "taken"):
        waiting.start()
        while not told:
            time.sleep(0.01)
        done.append("first")
    waiting.join()
    assert done == ["first", "second"] and told[0].endswith("waiting for it")
    assert len(told) == 1 and not path.exists()


def test_a_dead_owner_on_this_machine_is_followed_at_once(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.write_text(json.dumps({"host": socket.gethostname(), "pid": 1}))
    with locked(path, "taken"):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_an_owner_elsewhere_counts_as_long_as_it_gives_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system passes no locks on from machine to machine."""
    monkeypatch.setattr(locking, "POLL", 0.01)
    monkeypatch.setattr(locking, "SILENCE", 0.5)
    path, ended = tmp_path / ".lock", threading.Event()
    path.write_text(json.dumps({"host": "elsewhere", "pid": 7, "user": "ada"}))
    monkeypatch.setattr(locking, "BEAT", 0.02)
    file = path.open()
    beating = threading.Thread(target=locking._beat, args=(path, file, ended))
    beating.start()
    with pytest.raises(RunError, match="process 7 on elsewhere, ada"), locked(path, "taken"):
        pass
    ended.set()
    beating.join()
    file.close()
    with locked(path, "taken"):
        assert "elsewhere" not in path.read_text()


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
    lock = run.path / ".lock"
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
