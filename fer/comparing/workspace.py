"""The comparison in Weights & Biases: a saved workspace over the same runs."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from fer.comparing.comparison import Comparison
from fer.comparing.runs import TestedRun
from fer.errors import RunError
from fer.writing import write_text

CURVES = ("validation/accuracy", "validation/f1_macro", "validation/loss", "train/loss")
COORDINATES = {
    "model.name": "model",
    "model.backbone": "depth",
    "model.frozen_stages": "frozen stages",
    "protocol.name": "split",
    "protocol.validation": "validation part",
}
FILE = "wandb_workspace.json"


def send(comparison: Comparison, folder: Path) -> str:
    """Saves a workspace over the compared runs, or writes what would be sent.

    What is sent is always written to `wandb_workspace.json`: without an account, or with
    WANDB_MODE=offline, that is all.

    Returns:
        A line that says where it is.

    Raises:
        RunError: None of the runs was recorded by W&B, they are in several projects, some were
            logged offline and never sent, or W&B refuses.
    """
    runs = [run for row in comparison.rows for run in row.runs]
    recorded = [run for run in runs if run.settings["logger.mode"] != "disabled"]
    if not recorded:
        raise RunError("target=wandb: W&B recorded none of these runs (logger.mode=disabled)")
    places = {(r.settings["logger.entity"], r.settings["logger.project"]) for r in recorded}
    if len(places) > 1:
        told = ", ".join(f"{entity or 'default entity'}/{project}" for entity, project in places)
        raise RunError(f"target=wandb: these runs are in several places ({told}): compare each")
    ((entity, project),) = places
    offline = _offline()
    try:
        if not offline and entity is None:
            entity = wandb.Api().default_entity
        unknown = [] if offline else _unknown(entity, project, recorded)
        saved = workspace(entity or "", project, recorded, f"comparison {folder.resolve().name}")
        spec: dict[str, Any] = saved._to_model().model_dump(mode="json", by_alias=True)
        write_text(folder / FILE, json.dumps(spec, indent=2))
        if offline:
            return f"W&B: {offline}; what would be sent is in {folder / FILE}"
        if unknown:
            raise RunError(_how_to_sync(unknown))
        saved.save()  # type: ignore[no-untyped-call]
        return f"W&B: {saved.url}"
    except (wandb.errors.Error, ValueError) as error:
        raise RunError(f"target=wandb: W&B does not take the workspace: {error}") from None


def _offline() -> str | None:
    """Why nothing can be sent, None where it can."""
    mode = os.environ.get("WANDB_MODE", "online")
    if mode in ("offline", "disabled", "dryrun"):
        return f"WANDB_MODE={mode}"
    return None if wandb.api.api_key else "nobody is logged in"


def _unknown(entity: str | None, project: str, runs: list[TestedRun]) -> list[TestedRun]:
    """Runs logged offline that W&B does not have."""
    offline = {str(r.status["wandb_id"]): r for r in runs if r.settings["logger.mode"] == "offline"}
    if not offline:
        return []
    place = f"{entity}/{project}" if entity else project
    try:
        asked = wandb.Api().runs(place, filters={"name": {"$in": list(offline)}})
        known = {run.id for run in asked}
    except ValueError:  # there is no such project yet
        known = set()
    return [run for key, run in offline.items() if key not in known]


def _how_to_sync(runs: list[TestedRun]) -> str:
    """What sends runs that were logged offline."""
    folders = [
        str(folder)
        for run in runs
        for folder in sorted((run.path / "wandb").glob(f"offline-run-*-{run.status['wandb_id']}"))
    ]
    if not folders:
        named = ", ".join(run.path.name for run in runs)
        return f"target=wandb: {named} were logged offline, and their wandb folders are not there"
    return (
        "target=wandb: these runs were logged offline, and a workspace would show nothing of "
        f"them. Send them, then compare again: wandb sync {shlex.join(folders)}"
    )


def workspace(entity: str, project: str, runs: list[TestedRun], name: str) -> ws.Workspace:
    """Curves, parallel coordinates and confusion matrices of these runs alone.

    Args:
        entity: W&B's user or team; empty: the default one.
        project: Of the runs.
        runs: Those with a W&B record.
        name: Of the workspace.
    """
    ids = [str(run.status["wandb_id"]) for run in runs]
    columns = [
        wr.ParallelCoordinatesPlotColumn(wr.Config(key), display_name=words)
        for key, words in COORDINATES.items()
    ]
    columns += [
        wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric(key))
        for key in ("best/validation/accuracy", "test/accuracy")
    ]
    return ws.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=[
            ws.Section(
                name="Learning curves",
                panels=[wr.LinePlot(title=key, x="epoch", y=[key]) for key in CURVES],
                is_open=True,
            ),
            ws.Section(
                name="Depth, freezing and split",
                panels=[
                    wr.ParallelCoordinatesPlot(
                        columns=columns, layout=wr.Layout(x=0, y=0, w=24, h=10)
                    ),
                    wr.BarPlot(title="test/accuracy", metrics=[wr.SummaryMetric("test/accuracy")]),
                ],
                is_open=True,
                layout_settings=ws.SectionLayoutSettings(columns=1),  # seven axes need the width
            ),
            ws.Section(
                name="Confusion matrices",
                panels=[wr.MediaBrowser(media_keys=["figures/confusion_matrix"], num_columns=3)],
                is_open=True,
            ),
        ],
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=max(10, len(ids))),
        runset_settings=ws.RunsetSettings(filters=[ws.Metric("ID").isin(ids)]),
    )
