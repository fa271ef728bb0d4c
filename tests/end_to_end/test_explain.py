"""Calibration of a run, its heat maps, and how it holds under worse pictures."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lightning import Trainer
from PIL import Image

from fer.assessing.calibrating import calibrate
from fer.assessing.run_model import load_model
from fer.data.data_sets import build_data
from fer.data.splits import Split
from fer.evaluation.calibration import fit_temperature
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import Copy, Done, contents, here

OTHER = (
    "data=synthetic",
    "data.train=14",
    "data.validation=14",
    "data.test=14",
    "data.drawing_seed=5",
)
CPU = "accelerator=cpu"


def stored(run: RunFolder) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run.calibration.read_text())
    return content


def read(run: RunFolder, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run.path / "evaluations" / name).read_text())
    return content


def forget(run: RunFolder) -> None:
    """Makes a run like one from before there was calibration."""
    shutil.rmtree(run.validation)
    config = run.path / "config.yaml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("sure_accuracy")))
    assert "sure_accuracy" not in run.settings


def test_training_calibrates_on_validation_and_tests_with_it(plain: Done) -> None:
    run = plain.run
    said = Predictions.load(run.validation / "predictions.csv")
    best = max(row["validation/accuracy"] for row in run.rows())
    assert (said.predicted == said.labels).mean() == pytest.approx(best)
    found = stored(run)
    assert found["temperature"] == fit_temperature(said.labels, said.probabilities)
    assert (found["n"], found["sure_accuracy"]) == (14, 0.9)
    results = run.results()
    assert results["calibration"]["temperature"] == found["temperature"]
    assert results["calibration"]["ece"] == pytest.approx(results["metrics"]["ece"])
    assert results["selective"]["accuracy_at"]["100"] == pytest.approx(
        results["metrics"]["accuracy"]
    )
    report = (run.test / "report.md").read_text(encoding="utf-8")
    for words in ("Calibration: temperature", "risk-coverage", "Average precision"):
        assert words in report
        assert words in " ".join(plain.told.out.split())


def test_calibration_never_sees_the_test_part(plain: Done, copy: Copy) -> None:
    run = copy(plain).run
    settings = run.settings
    settings["paths"] = {"outputs": str(run.path.parents[1]), "data": "data"}
    settings["paths"]["cache"] = str(run.path.parents[1] / "cache")
    data = build_data(settings)
    faces = data.open(progress=False)
    split, model = Split.load(run.split), load_model(run)
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    before = stored(run)["temperature"]
    found = {}
    for part in ("test", "validation"):
        labels = faces.labels.copy()
        labels[split.part(part)] = (labels[split.part(part)] + 1) % 7
        data.faces = replace(faces, labels=labels)
        found[part] = calibrate(run, trainer, model, data, split.validation, 0.9).temperature
    assert found["test"] == before
    assert found["validation"] != before


def test_a_run_from_before_is_calibrated_when_it_is_evaluated(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    before = stored(done.run)
    forget(done.run)
    told = here("evaluate", f"run={done.run.path}", *OTHER, CPU, folder=done.folder)
    assert told.status == 0, told.err
    assert "sureness: not known here" in told.out
    assert "calibration" not in read(done.run, "synthetic-all/metrics.json")
    more = ("heatmaps=2", "robustness=[noise,jpeg]", CPU)
    told = here("evaluate", f"run={done.run.path}", *more, folder=done.folder)
    assert told.status == 0, told.err
    assert "identical to the stored test" in told.out
    assert re.search(r"heat_maps\.png; \d+ of \d+ faces have no positive evidence", told.out)
    assert stored(done.run) == pytest.approx(before)
    results = read(done.run, "test/metrics.json")
    assert results["calibration"] == pytest.approx(done.run.results()["calibration"])
    check_pictures(done.run)
    check_robustness(done.run)


def check_pictures(run: RunFolder) -> None:
    for name in ("heat_maps", "robustness", "corrupted_faces"):
        with Image.open(run.path / "evaluations" / "test" / f"{name}.png") as picture:
            assert min(picture.size) > 300


def check_robustness(run: RunFolder) -> None:
    looks = [look.get("robustness") for look in run.status["test_looks"]]
    assert looks == [None, ["noise", "jpeg"]]
    results = read(run, "test/robustness.json")
    assert results["n"] == 14
    assert results["clean"]["accuracy"] == run.results()["metrics"]["accuracy"]
    rows = results["corrupted"]
    assert [(row["kind"], row["strength"]) for row in rows] == [
        (kind, level) for kind in ("noise", "jpeg") for level in range(1, 6)
    ]
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in rows)
    path = run.path / "evaluations" / "test" / "robustness.csv"
    with path.open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [float(row["accuracy"]) for row in table[1:]] == [row["accuracy"] for row in rows]


def test_other_views_have_a_temperature_of_their_own(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    before = contents(done.run.validation)
    told = here("evaluate", f"run={done.run.path}", "flip=true", CPU, folder=done.folder)
    assert told.status == 0, told.err
    found = read(done.run, "test-flip/metrics.json")["calibration"]["temperature"]
    assert found != stored(done.run)["temperature"]
    assert contents(done.run.validation) == before


def test_another_sureness_and_a_sample_of_validation(plain: Done, copy: Copy) -> None:
    """Neither is a look at the test part."""
    done = copy(plain)
    before = stored(done.run)
    arguments = ("part=validation", "sure_accuracy=0.01", "robustness=true", "images=10", CPU)
    told = here("evaluate", f"run={done.run.path}", *arguments, folder=done.folder)
    assert told.status == 0, told.err
    found = stored(done.run)
    assert found["temperature"] == pytest.approx(before["temperature"])
    assert (found["sure_accuracy"], found["kept"]) == (0.01, 14)
    assert "14 of the 14 validation faces are sure" in told.out
    assert "corrupted faces: synthetic, official, validation, n = 10" in told.out
    results = read(done.run, "validation/robustness.json")
    assert "10 of 14 faces, drawn (seed 0)" in results["notes"]
    accuracies = [row["accuracy"] for row in results["corrupted"]]
    assert (len(accuracies), len(set(accuracies)) > 1) == (30, True)
    assert results["mean_accuracy"] == pytest.approx(np.mean(accuracies))
    assert len(done.run.status["test_looks"]) == 1


def test_pixels_that_lie_on_the_device_are_corrupted_too(plain: Done, copy: Copy) -> None:
    done, found = copy(plain), []
    config = done.run.path / "config.yaml"
    usual = config.read_text()
    for wanted in (False, True):
        config.write_text(usual.replace("on_device: auto", f"on_device: {str(wanted).lower()}"))
        assert done.run.settings["data"]["on_device"] is wanted
        arguments = ("part=validation", "robustness=[brightness]", CPU)
        told = here("evaluate", f"run={done.run.path}", *arguments, folder=done.folder)
        assert told.status == 0, told.err
        found.append(read(done.run, "validation/robustness.json"))
    corrupted = [[row["accuracy"] for row in results["corrupted"]] for results in found]
    assert corrupted[0] == corrupted[1]
    assert len({found[0]["clean"]["accuracy"], *corrupted[0]}) > 1


def test_damaged_calibration_is_told(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    done.run.calibration.write_text('{"temperature": 1.0}')
    told = here("evaluate", f"run={done.run.path}", folder=done.folder)
    assert told.status == 1
    assert "calibration.json is damaged: delete it" in told.err
    assert len(done.run.status["test_looks"]) == 1
