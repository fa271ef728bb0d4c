"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fer.data.splits import Split
from fer.evaluation.predictions import Predictions
from fer.writing import aside, write_text


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "told.txt"
    write_text(path, "old")
    with aside(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), aside(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_is_on_the_disk_before_it_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a power cut could leave an empty file under its name."""
    path, found, fsync = tmp_path / "told.txt", [], os.fsync

    def synced(file: int) -> None:
        found.append((os.fstat(file).st_size, path.exists()))
        fsync(file)

    monkeypatch.setattr("fer.writing.os.fsync", synced)
    write_text(path, "whole")
    assert found == [(5, False)] and path.read_text() == "whole"


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "table.csv", "a\r\nb\n")
    assert (tmp_path / "table.csv").read_bytes() == b"a\r\nb\n"


def test_a_split_and_predictions_that_cannot_be_written_keep_what_was(tmp_path: Path) -> None:
    indices = np.arange(3)
    split = Split(indices, indices, indices, {}, "test", np.array(["a", "b", "c"]))
    said = Predictions(np.array([0]), np.ones((1, 1)), ("happy",), np.array(["\udcff"]))
    split.save(tmp_path / "split.npz")
    (tmp_path / "predictions.csv").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        said.save(tmp_path / "predictions.csv")
    assert (tmp_path / "predictions.csv").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"split.npz", "predictions.csv"}
    assert Split.load(tmp_path / "split.npz").hash == split.hash
