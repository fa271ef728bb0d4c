"""Run folders that the fuzzer damaged: each is refused in one message that names the file."""

from __future__ import annotations

import csv
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

import fer.data.splits
from fer.checks.stored import check_stored
from fer.comparing.folders import find
from fer.comparing.runs import read_run
from fer.data.splits import Split
from fer.errors import RunError
from fer.evaluation.predictions import Predictions
from fer.runs.checkpoints import resume_point
from fer.runs.folder import RunFolder
from tests.builders_runs import make_run
from tests.composing import settings

DEEP = "[" * 200_000


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Finished, with few answers."""
    return RunFolder(make_run(tmp_path / "run", 10, names=[f"test/{k}.png" for k in range(21)]))


@pytest.mark.parametrize("content", [DEEP, '{"why": "\\ud800"}', '{"n": 1' + "0" * 5000 + "}"])
@pytest.mark.parametrize("name", ["status.json", "test/metrics.json"])
def test_json_that_python_cannot_use(name: str, content: str, run: RunFolder) -> None:
    (run.path / name).write_text(content)
    with pytest.raises(RunError, match=name):
        read_run(run.path)


def test_whole_numbers_beyond_all_others(run: RunFolder) -> None:
    path = run.test / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n": 10**400}))
    with pytest.raises(RunError, match=r"metrics\.json is damaged: n is not"):
        read_run(run.path)


def test_records_of_jobs_too_deep(tmp_path: Path) -> None:
    jobs = tmp_path / "sweep" / "jobs"
    jobs.mkdir(parents=True)
    (jobs / "0.json").write_text(DEEP)
    assert [each.state for each in find([str(jobs.parent)]).left_out] == ["damaged"]


@pytest.mark.parametrize("content", [DEEP, 'x: "\\ud800"', "x: 1\n" * 400_000, "- 1"])
def test_settings_that_are_none(content: str, run: RunFolder) -> None:
    (run.path / "config.yaml").write_text(content)
    with pytest.raises(RunError, match=r"config\.yaml"):
        _ = run.settings


def test_settings_that_are_not_there(run: RunFolder) -> None:
    (run.path / "config.yaml").write_text("seed: 1\n")
    with pytest.raises(RunError, match=r"config\.yaml lacks model: restore it"):
        _ = run.settings["model"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.size", "large"),
        ("data.size", 10**9),
        ("data.train", 10**12),
        ("data.channels", None),
        ("data", "faces"),
        ("augment.crop.size", [1]),
        ("protocol.name", "mine"),
        ("test_time.crops", 7),
        ("trainer.precision", 1),
    ],
)
def test_settings_of_a_run_that_no_training_takes(key: str, value: Any, tmp_path: Path) -> None:
    chosen = json.loads(json.dumps(settings()))
    run = RunFolder(tmp_path)
    run.create(chosen)
    check_stored(run)
    *groups, leaf = key.split(".")
    node = chosen
    for group in groups:
        node = node[group]
    node[leaf] = value
    run.create(chosen)
    with pytest.raises(RunError, match=rf"config\.yaml is damaged: {key}.*restore it"):
        check_stored(run)


def test_settings_that_came_after_a_run_may_lack(tmp_path: Path) -> None:
    chosen = json.loads(json.dumps(settings()))
    del chosen["data"]["on_device"], chosen["augment"]["mixup"]
    run = RunFolder(tmp_path)
    run.create(chosen)
    check_stored(run)


def test_a_split_that_unpacks_to_too_much(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    Split.load(run.split)
    monkeypatch.setattr(fer.data.splits, "MAX_UNPACKED", 1000)
    with pytest.raises(RunError, match=r"split\.npz"):
        Split.load(run.split)
    assert read_run(run.path).validation is None


def test_predictions_that_are_a_link_to_themselves(run: RunFolder) -> None:
    path = run.test / "predictions.csv"
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(RunError, match=r"predictions\.csv"):
        Predictions.load(path)


STORY: dict[str, Any] = {
    "state_dict": {"weight": torch.zeros(2)},
    "callbacks": {"Recorder": {"middle": None}, "Stop": {"wait_count": 0, "patience": 3}},
    "epoch": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"callbacks": None},
        {"callbacks": {"Stop": 3}},
        {"callbacks": {"Stop": {"wait_count": 1}}},
        {"callbacks": {"Stop": {"wait_count": "x", "patience": 3}}},
        {"callbacks": {"Stop": {"wait_count": torch.ones(2), "patience": torch.ones(3)}}},
        {"epoch": "last"},
        {"epoch": math.inf},
        {"epoch": -2},
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_say_where_it_was(
    change: dict[str, Any], run: RunFolder
) -> None:
    torch.save(STORY, run.best)
    torch.save(STORY | change, run.last)
    path, _, told = resume_point(run)
    assert path == run.best
    assert told is not None and "last.ckpt damaged or missing" in told
    torch.save(STORY | change, run.best)
    with pytest.raises(RunError, match=r"last\.ckpt does not say where the training was"):
        resume_point(run)


@pytest.mark.parametrize("seed", ["null", "one", "[1]"])
def test_a_seed_that_is_no_number(seed: str, tmp_path: Path) -> None:
    path = make_run(tmp_path / "run")
    config = path / "config.yaml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("seed:")]
    config.write_text("\n".join([*lines, f"seed: {seed}"]))
    with pytest.raises(RunError, match=r"config\.yaml is damaged: seed"):
        read_run(path)


def test_a_name_that_no_file_can_have() -> None:
    assert not RunFolder(Path("x" * 300)).exists()


def test_a_split_whose_head_never_ends(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run")
    head = b"{'descr': ("
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    with zipfile.ZipFile(path / "split.npz", "w") as archive:
        archive.writestr("validation.npy", array)
    assert read_run(path).validation is None


@pytest.mark.parametrize(("column", "name"), [("run", "x"), ("seed", "x"), ("run", "x" * 300)])
def test_a_damaged_table_of_a_group(column: str, name: str, tmp_path: Path) -> None:
    from fer.auditing.audit import _finished_runs

    with (tmp_path / "repeats.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["fold", column], [0, name]])
    with pytest.raises(RunError, match=r"repeats\.csv is damaged"):
        _finished_runs(str(tmp_path))
