"""Records of a sweep's jobs, some of them damaged."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from fer.training.sweep_summary import summarise

FINISHED = {
    "number": 1,
    "overrides": ["seed=1"],
    "status": "finished",
    "metrics": {"accuracy": 0.5},
    "intervals": {"accuracy": [0.4, 0.6]},
    "validation_accuracy": 0.5,
    "seconds_per_epoch": 1.0,
    "seconds": 2.0,
}


def record(folder: Path, number: int, text: str | bytes) -> Path:
    path = folder / "jobs" / f"{number:04d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(**changes: Any) -> str:
    return json.dumps(FINISHED | {"number": 7} | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"number": 7',
        "[7]",
        "[" * 200_000,
        b"\xff\xfe{}",
        '{"number": 7}',
        changed(overrides=None),
        changed(overrides=[1]),
        changed(status=None),
        changed(metrics=[]),
        changed(validation_accuracy="much"),
        changed(mine=1),
    ],
    ids=lambda text: str(text[:40]),
)
def test_a_damaged_record_is_told_and_hides_no_other_job(text: str | bytes, tmp_path: Path) -> None:
    record(tmp_path, 1, json.dumps(FINISHED))
    damaged = record(tmp_path, 7, text)
    whole, lost = summarise(tmp_path)
    assert (whole["status"], whole["metrics"]) == ("finished", {"accuracy": 0.5})
    assert (lost["number"], lost["status"]) == (7, "failed")
    assert lost["error"].startswith(f"{damaged} is damaged: run the same sweep again")
    page = (tmp_path / "sweep.html").read_text(encoding="utf-8")
    assert "0007.json is damaged" in page and "50.0" in page


def test_a_record_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "jobs" / "0003.json").mkdir(parents=True)
    assert [job["number"] for job in summarise(tmp_path)] == [3]


def test_jobs_that_have_not_begun_are_told_and_the_command_is_as_it_was_given(
    tmp_path: Path,
) -> None:
    given = ["model=cnn1,cnn2", "seed=0,1", "data.progressive={0:40,6:48}"]
    story = {"hydra": {"overrides": {"task": given}}}
    (tmp_path / "multirun.yaml").write_text(json.dumps(story))  # JSON is YAML, too
    first = ["model=cnn1", "seed=0", "data.progressive={0:40,6:48}"]
    interrupted = {"number": 0, "overrides": first, "status": "interrupted"}
    record(tmp_path, 0, json.dumps(interrupted))
    jobs = summarise(tmp_path)
    assert [(job["status"], job["overrides"]) for job in jobs] == [
        ("interrupted", ["model=cnn1", "seed=0"]),
        ("pending", ["model=cnn1", "seed=1"]),
        ("pending", ["model=cnn2", "seed=0"]),
        ("pending", ["model=cnn2", "seed=1"]),
    ]
    text = (tmp_path / "sweep.md").read_text()
    assert text.startswith("# Sweep over model, seed\n")
    assert "0 of 4 jobs finished, 1 interrupted, 3 pending" in text
    (line,) = (line for line in text.splitlines() if "python -m fer.train" in line)
    assert shlex.split(line) == ["python", "-m", "fer.train", "-m", *given]
