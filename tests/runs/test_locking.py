"""A lock has one owner, even where the one before is just leaving."""

from __future__ import annotations

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


def test_half_written_files_of_a_killed_process_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    (run.path / "evaluations").mkdir()
    gone, kept = run.checkpoints / "last.ckpt.part-7", run.path / "evaluations" / "a.part-8"
    gone.touch(), kept.touch()
    with run.lock():
        assert not gone.exists() and kept.exists()
