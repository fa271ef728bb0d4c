"""What a run folder has from its first minute: settings, split, a sheet of faces, provenance."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from fer.data.modules import FaceDataModule
from fer.errors import RunError
from fer.evaluation.figures import face_sheet
from fer.runs.folder import ANSWERED, RunFolder, now
from fer.runs.plan import Plan, launch
from fer.runs.provenance import git_commit, versions


def begin(
    settings: Mapping[str, Any],
    run: RunFolder,
    plan: Plan,
    data: FaceDataModule,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Writes it, or brings it up to date where the run goes on.

    Args:
        settings: A whole configuration.
        run: The run folder, locked.
        plan: What is to be done.
        data: Opened and split.
        facts: Joins the status.

    Returns:
        What the run knew from before and the tracker is told.

    Raises:
        RunError: The images are divided otherwise than when the run began.
    """
    before = run.status if run.exists() else {}
    if before.get("split_hash", data.split.hash) != data.split.hash:
        raise RunError(
            f"{run.path}: its images were divided otherwise when it began, by other versions of "
            f"packages ({before.get('versions')}); go on with those, or begin again with "
            "restart=true"
        )
    made_with = {"versions": versions(), "git_commit": git_commit()}
    made_before = {key: before.get(key) for key in made_with}
    run.create(
        settings,
        **{
            **before,
            "state": "running",
            "why": None,
            "started": before.get("started", now()),
            "launch": before.get("launch", launch()),
            "resumed": [*before.get("resumed", []), now()] if before else [],
            "seed": settings["seed"],
            "trained": plan.action == "test",
            ANSWERED: before.get(ANSWERED) if plan.action == "test" else None,
            "wandb_id": before.get("wandb_id", f"{run.path.name}-{secrets.token_hex(3)}"),
            **made_with,
            "made_with_before": [
                *before.get("made_with_before", []),
                *([made_before] if before and made_before != made_with else []),
            ],
            "notes": [*data.faces.notes, *data.split.notes],
            "bad_files": [list(pair) for pair in data.faces.bad_files],
            "counts": {
                part: len(data.split.part(part)) for part in ("train", "validation", "test")
            },
            **facts,
        },
    )
    data.split.save(run.split)
    if plan.action != "test":
        run.keep_rows(plan.epochs)  # before W&B is told of them
    if settings["model"]["kind"] != "classical":
        _draw_augmented(run, data)
    return {"weights": run.status.get("weights")}


def _draw_augmented(run: RunFolder, data: FaceDataModule) -> None:
    """A sheet of training faces as the network gets them, eight draws of each of six faces."""
    run.figures.mkdir(exist_ok=True)
    pixels, labels = data.sample_augmented(faces=6, draws=8)
    titles = [data.faces.classes[label] if i % 8 == 0 else "" for i, label in enumerate(labels)]
    face_sheet(pixels, titles, run.figures / "augmented_faces.png", columns=8)
