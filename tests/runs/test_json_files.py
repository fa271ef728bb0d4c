"""Whatever a JSON file of a run folder holds, it is read or told, with its name."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest

from fer.errors import RunError
from fer.runs.calibrations import stored_calibration
from fer.runs.folder import RunFolder
from fer.runs.json_files import read_object, read_results


def written(folder: Path, content: Any) -> Path:
    path = folder / "metrics.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("content", [[], 3, "finished", None, True])
def test_what_is_no_object_is_refused(tmp_path: Path, content: Any) -> None:
    path = written(tmp_path, content)
    for read in (read_object, read_results):
        with pytest.raises(RunError, match=r"metrics\.json is damaged: it holds no JSON object"):
            read(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("metrics", 0.5),
        ("metrics", {"accuracy": "high"}),
        ("intervals", {"accuracy": [0.5]}),
        ("intervals", [0.4, 0.6]),
        ("per_class", {"f1": 1}),
        ("per_class", [3]),
        ("classes", "happy"),
        ("notes", 3),
        ("protocol", "official"),
        ("n", "many"),
        ("copies", {"in_training": "some"}),
        ("pooled", {"0": 3}),
        ("counts", [1, 2, 3]),
        ("test_looks", 1),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_by_name(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(RunError, match=f"damaged: {key} is not what it must be"):
        read_results(written(tmp_path, {key: value}))


def test_what_is_lacking_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    results = read_results(written(tmp_path, {"metrics": {"nll": None}}))
    assert math.isnan(results["metrics"]["nll"])
    with pytest.raises(RunError, match=r"metrics\.json lacks epoch: restore it"):
        results["epoch"]
    with pytest.raises(RunError, match=r"metrics\.json lacks metrics\.accuracy: restore it"):
        results["metrics"]["accuracy"]
    assert results.get("epoch") is None
    with pytest.raises(RunError, match="the run lacks epoch"):
        copy.deepcopy(type(results)(results.items()))["epoch"]  # as dataclasses.asdict copies it


CALIBRATION = {"temperature": 1.0, "threshold": None, "sure_accuracy": 0.9, "kept": 1, "n": 2}


@pytest.mark.parametrize(
    "content",
    [
        [],
        3,
        {"temperature": 1.0},
        *({**CALIBRATION, "temperature": value} for value in ("warm", True, 0, math.nan)),
        {**CALIBRATION, "threshold": math.nan},
    ],
)
def test_a_damaged_calibration_is_told(tmp_path: Path, content: Any) -> None:
    run = RunFolder(tmp_path)
    run.validation.mkdir()
    run.calibration.write_text(json.dumps(CALIBRATION))
    assert stored_calibration(run) is not None
    run.calibration.write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"calibration\.json is damaged"):
        stored_calibration(run)
