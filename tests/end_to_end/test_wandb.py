"""What W&B is told, read back from its offline file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fer.checks import check_training
from fer.data.faces import SEVEN
from tests.composing import composed
from tests.end_to_end.commands import Done
from tests.wandb_records import WandbRun, read_wandb, wandb_files

SWEEP = Path(__file__).parents[2] / "experiments" / "wandb_sweep.yaml"


@pytest.fixture(scope="module")
def record(recorded: Done) -> WandbRun:
    (path,) = wandb_files(recorded.run.path)
    return read_wandb(path)


@pytest.fixture(scope="module")
def files(recorded: Done) -> Path:
    """What goes to the server beside the record."""
    (path,) = wandb_files(recorded.run.path)
    return path.parent / "files"


def table(record: WandbRun, files: Path, key: str) -> list[list[Any]]:
    content = json.loads((files / record.summary[f"{key}/path"]).read_text())
    rows: list[list[Any]] = content["data"]
    return rows


def test_identity(record: WandbRun, recorded: Done) -> None:
    assert record.name == recorded.run.path.name
    assert record.id == recorded.run.status["wandb_id"]
    assert record.id.startswith(record.name)
    assert (record.project, record.group) == ("fer", "default")
    assert sorted(record.tags) == ["quick", "small"]
    assert record.exit_code == 0


def test_settings_are_nested(record: WandbRun, recorded: Done) -> None:
    for group, content in recorded.run.settings.items():
        assert record.config[group] == content
    assert record.config["optimizer"]["lr"] == 0.01
    facts = record.config["facts"]
    status = recorded.run.status
    assert {key: status[key] for key in facts} == facts
    assert facts["trained_parameters"] > 0


def test_every_metric_of_every_epoch(record: WandbRun, recorded: Done) -> None:
    rows = recorded.run.rows()
    assert [row["_step"] for row in record.history] == [1, 2, 3]
    for row, kept in zip(rows, record.history, strict=True):
        assert {key: kept[key] for key in row} == row


def test_summary_holds_the_test_and_the_best_epoch(record: WandbRun, recorded: Done) -> None:
    results = recorded.run.results()
    for key, value in results["metrics"].items():
        assert record.summary[f"test/{key}"] == pytest.approx(value)
    for key in ("temperature", "ece_scaled", "nll_scaled"):
        value = results["calibration"][key]
        assert record.summary[f"test/{key}"] == pytest.approx(value)
    assert record.summary["test/aurc"] == pytest.approx(results["selective"]["aurc"])
    assert 0 < record.summary["test/average_precision_macro"] < 1
    best = next(row for row in recorded.run.rows() if row["epoch"] == results["epoch"])
    for key, value in best.items():
        assert record.summary[f"best/{key}"] == pytest.approx(value)


def test_per_class_table(record: WandbRun, files: Path, recorded: Done) -> None:
    rows = table(record, files, "test/per_class")
    with (recorded.run.test / "per_class.csv").open(newline="") as file:
        expected = [list(row.values()) for row in csv.DictReader(file)]
    assert [row[0] for row in rows] == list(SEVEN)
    for row, told in zip(rows, expected, strict=True):
        assert row[1:] == pytest.approx([float(value) for value in told[1:]])


def test_confusion_matrix(record: WandbRun, files: Path, recorded: Done) -> None:
    cells = table(record, files, "test/confusion_matrix_table")
    with (recorded.run.test / "confusion.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    expected = {(row[0], header[i]): int(row[i]) for row in rows for i in range(1, 8)}
    assert {(truth, said): n for truth, said, n in cells} == expected
    panel = record.config["_wandb/visualize/test/confusion_matrix"]
    assert "confusion_matrix" in panel["panel_config"]["panelDefId"]


@pytest.mark.parametrize(
    "picture",
    [
        "worst_mistakes",
        "confusion_matrix",
        "roc_curves",
        "reliability",
        "learning_curves",
        "augmented_faces",
    ],
)
def test_pictures(picture: str, record: WandbRun, files: Path, recorded: Done) -> None:
    path = files / record.summary[f"figures/{picture}/path"]
    drawn = next(recorded.run.path.glob(f"*/{picture}.png"))
    assert path.read_bytes() == drawn.read_bytes()
    assert record.summary[f"figures/{picture}/path"] in record.files


def test_best_checkpoint_goes_along(record: WandbRun, recorded: Done) -> None:
    (model,) = [artifact for artifact in record.artifacts if artifact.type == "model"]
    assert model.name == f"{recorded.run.path.name}-best"
    ((path, size),) = [(entry.path, entry.size) for entry in model.manifest.contents]
    assert (path, size) == ("best.ckpt", recorded.run.best.stat().st_size)


def test_disabled_leaves_nothing(plain: Done) -> None:
    assert plain.told.status == 0
    assert not (plain.run.path / "wandb").exists()


def test_sweep_of_wandb_gives_settings_that_work() -> None:
    """W&B's agent puts a value of each parameter into the command, as key=value."""
    sweep = yaml.safe_load(SWEEP.read_text(encoding="utf-8"))
    command = [str(word).replace("${program}", sweep["program"]) for word in sweep["command"]]
    assert command[:4] == ["${env}", "python", "-m", "fer.train"]
    fixed = command[4:]
    fixed.remove("${args_no_hyphens}")
    for end in (0, -1):
        chosen = [f"{key}={value(p, end)}" for key, p in sweep["parameters"].items()]
        check_training(composed(*chosen, *fixed))
    metric = sweep["metric"]["name"]
    assert metric.startswith("validation/")
    assert sweep["metric"]["goal"] == ("minimize" if metric.endswith("loss") else "maximize")


def value(parameter: dict[str, Any], end: int) -> Any:
    """The first or last value that W&B may choose."""
    if "value" in parameter:
        return parameter["value"]
    if "values" in parameter:
        return parameter["values"][end]
    return (parameter["min"], parameter["max"])[end]
