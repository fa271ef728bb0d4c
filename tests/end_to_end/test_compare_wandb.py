"""A comparison in Weights & Biases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fer.config import plain
from fer.runs.folder import RunFolder
from tests.end_to_end.comparisons import compare, text

LOGGER = {"project": "faces", "entity": "lab"}


def test_without_an_account_what_wandb_would_get_is_written(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb_workspaces")
    monkeypatch.setenv("WANDB_MODE", "offline")
    study = three / "outputs/study"
    for name in ("resnet18-faces-aaaa", "resnet50-faces-cccc"):
        run = RunFolder(study / name)
        run.create(plain(run.config) | {"logger": {**LOGGER, "mode": "offline"}}, **run.status)
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 0, told.err
    assert "WANDB_MODE=offline; what would be sent is in told/wandb_workspace.json" in told.out
    sent = json.loads(text(three, "wandb_workspace.json"))
    assert (sent["entity"], sent["project"]) == ("lab", "faces")
    section = sent["spec"]["section"]
    panels = [p for s in section["panelBankConfig"]["sections"] for p in s["panels"]]
    assert {"validation/accuracy"} in [set(p["config"].get("metrics") or []) for p in panels]
    (coordinates,) = [p for p in panels if p["viewType"] == "Parallel Coordinates Plot"]
    told_keys = [column["accessor"] for column in coordinates["config"]["columns"]]
    assert "config:model.value.frozen_stages" in told_keys
    assert "config:protocol.value.name" in told_keys
    assert "summary:test/accuracy" in told_keys
    flow = {
        s["name"]: s["flowConfig"]["columnsPerPage"] for s in section["panelBankConfig"]["sections"]
    }
    assert flow["Depth, freezing and split"] == 1
    assert ["figures/confusion_matrix"] in [p["config"].get("mediaKeys") for p in panels]
    runs = json.dumps(section["runSets"][0]["filters"])
    assert "resnet18-faces-aaaa-abc123" in runs
    assert "resnet34-faces-bbbb-abc123" not in runs  # W&B never had it


def test_runs_that_were_never_sent_to_wandb_are_listed_to_sync(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb_workspaces")
    import wandb

    class Nobody:  # stands for the service: knows no project
        default_entity = "lab"

        def runs(self, place: str, **_: Any) -> list[Any]:
            raise ValueError(f"could not find {place}")

    monkeypatch.setattr(wandb, "Api", Nobody)
    monkeypatch.setattr("fer.comparing.workspace._offline", lambda: None)
    run = RunFolder(three / "outputs/study/resnet18-faces-aaaa")
    run.create(plain(run.config) | {"logger": {**LOGGER, "mode": "offline"}}, **run.status)
    lies = run.path / "wandb/offline-run-20260101_000000-resnet18-faces-aaaa-abc123"
    lies.mkdir(parents=True)
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 1
    assert "wandb sync " in told.err
    assert lies.name in told.err
    assert (three / "told/wandb_workspace.json").exists()


def test_runs_that_wandb_never_had_cannot_be_shown_there(three: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 1
    assert "W&B recorded none of these runs (logger.mode=disabled)" in told.err
