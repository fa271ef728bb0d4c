"""Where data and model meet: fit as far as needed, test once, leave a run folder."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from omegaconf import DictConfig

from fer.checks.classes import check_classes
from fer.config import plain
from fer.console import hush, say, show
from fer.data.data_sets import build_data, divide
from fer.data.faces import Faces
from fer.data.modules import FaceDataModule
from fer.data.splits import Split
from fer.errors import FerError
from fer.models.freezing import count_parameters
from fer.models.schedules import NEEDS_LENGTH, check_optimizer
from fer.processes.signals import EndRequest
from fer.runs.checkpoints import check_fits
from fer.runs.folder import RunFolder, now
from fer.runs.plan import Plan, planned
from fer.runs.recording import measure
from fer.runs.run_names import run_name, weights_path
from fer.runs.tracking import Tracker, replay
from fer.training.building import build_model, build_teacher, load_weights
from fer.training.classical import NOTE, count_fitted, fit_classical
from fer.training.distributed import fit_together, other_processes, processes, settle_devices
from fer.training.lightning_trainer import build_trainer
from fer.training.pseudo_labels import fingerprint, pseudo_labels
from fer.training.run_start import begin
from fer.training.source_runs import settle_sources
from fer.training.testing import meet_test_part
from fer.training.trunk_cache import TrunkCache, remove_trunk_outputs

AT_RANDOM = "what is frozen stayed as initialised at random, since model.weights=none"
"""What must be known of such a run."""

_PATHS = (
    "data.path",
    "data.exclude",
    "data.votes_path",
    "data.csv_path",
    "data.faces.detector_model",
    "pseudo.run",
    "pseudo.path",
)


def train(
    config: DictConfig,
    group: str | None = None,
    job: int = 0,
    tables: bool = True,
    wait: bool = False,
) -> RunFolder:
    """Trains what the configuration describes, tests it once, and leaves a run folder.

    The same configuration again finds its folder: finished, it is shown; interrupted, it goes on.

    Args:
        config: A resolved configuration of `conf/train.yaml`.
        group: W&B's group, such as the sweep's name.
        job: Place in a sweep; parallel jobs take the GPUs in turn by it.
        tables: Whether the finished run's tables are printed.
        wait: Where another process trains this run, wait for it; False: that is an error.

    Returns:
        The finished run folder.

    Raises:
        FerError: Settings, data or run folder cannot be used; the message says what to do.
    """
    hush()
    settings = plain(config)
    quiet = settings["trainer"]["progress"] == "none"
    if settings["trainer"]["threads"]:
        torch.set_num_threads(settings["trainer"]["threads"])

    settle_devices(settings)
    make_absolute(settings)
    classical = settings["model"]["kind"] == "classical"
    if classical:
        settings["trainer"]["max_epochs"] = 1
    data = build_data(settings)
    faces = data.open(progress=not quiet)
    check_classes(config, faces.classes)
    divide(settings, data)
    settle_sources(settings, data)

    pseudo = pseudo_labels(settings, data)
    name = run_name(settings, fingerprint(data, pseudo))
    run = RunFolder(Path(settings["paths"]["outputs"]) / settings["name"] / name)
    say(quiet, f"run folder: {run.path}")
    tell = partial(say, quiet) if wait else None
    with planned(run, settings, settings["scheduler"]["name"] in NEEDS_LENGTH, tell) as plan:
        say(quiet, plan.message)
        if plan.action != "show":
            say(quiet, *data.split.notes, _sizes(faces, data.split), NOTE if classical else None)
            say(quiet, pseudo.join(run) if pseudo else None)
            _work(settings, run, plan, data, group or settings["name"], job)
        elif "WANDB_SWEEP_ID" in os.environ:
            replay(run, settings, group or settings["name"])
    if tables and not quiet:
        before = () if plan.action == "show" else (*faces.notes, *data.split.notes)
        show(run, before)
    return run


def make_absolute(settings: dict[str, Any]) -> None:
    """Paths that the run folder must find from anywhere."""
    for key in _PATHS:
        *groups, leaf = key.split(".")
        node = settings
        for group in groups:
            node = node.get(group) or {}
        if node.get(leaf):
            node[leaf] = str(Path(node[leaf]).expanduser().resolve())
    if weights := weights_path(settings):
        settings["model"]["weights"] = str(Path(weights).expanduser().resolve())


def _work(
    settings: dict[str, Any],
    run: RunFolder,
    plan: Plan,
    data: FaceDataModule,
    group: str,
    job: int,
) -> None:
    """Fits and tests, with status and tracker right whatever happens."""
    quiet = settings["trainer"]["progress"] == "none"
    check_optimizer(settings["optimizer"]["name"])
    lightning.seed_everything(settings["seed"], verbose=False)
    model = build_model(settings, data)
    model.teacher = build_teacher(settings)
    classical = settings["model"]["kind"] == "classical"
    facts: dict[str, Any] = {}
    fresh = plan.action == "start" or (plan.action == "resume" and plan.checkpoint is None)
    if fresh and not classical:
        fetched = settings["model"].get("weights") == "imagenet"
        say(quiet, "weights: fetching ImageNet's where they are not here" if fetched else None)
        facts["weights"] = str(load_weights(settings, model) or "weights: none")
        say(quiet, facts["weights"])
    total, trained = (count_fitted if classical else count_parameters)(model.network)
    say(quiet, f"parameters: {total:,}, of which {trained:,} are trained")
    if settings["model"].get("weights") == "none" and trained < total:
        say(quiet, f"note: {AT_RANDOM}")
        data.split = replace(data.split, notes=(*data.split.notes, AT_RANDOM))
    if plan.checkpoint is not None and plan.content is not None:
        check_fits(plan.content["state_dict"], model.state_dict(), plan.checkpoint)

    trunk: TrunkCache | None = None
    if settings["model"].get("trunk_cache") and plan.action != "test":
        trunk = TrunkCache(settings, run, model, data)
        say(quiet, trunk.message)

    facts |= {
        "parameters": total,
        "trained_parameters": trained,
        "split_hash": data.split.hash,
        "test_hash": data.split.test_hash,
        "data_fingerprint": data.faces.fingerprint,
        "faces": len(data.faces),  # those that cleaning took from training are in no count
    }
    if data.more is not None:
        facts["pseudo_labels"] = data.added()
    tracker = Tracker(run, settings, group, data.split.cautions)
    with EndRequest() as end:
        try:
            with run.writing_status():
                facts |= begin(settings, run, plan, data, facts)
            tracker.start(facts)
            names = data.training()[0].names
            trainer = build_trainer(settings, run, tracker, names, end, job, trained > 0)
            if settings["trainer"]["compile"]:
                model.network.compile()
            if plan.action != "test":
                if classical and plan.checkpoint is None:
                    fit_classical(settings, run, model, data, tracker)
                elif trained and processes(settings) > 1:
                    with other_processes(settings, run, plan.checkpoint):
                        fit_together(settings, run, model, data, tracker, end, plan.checkpoint)
                elif trained and not classical:
                    seen = data if trunk is None else trunk
                    trainer.fit(model, seen, ckpt_path=plan.checkpoint, weights_only=True)
                elif not classical:
                    measure(trainer, model, data, plan.checkpoint)
                run.update(trained=True)
                end.leave(end.asked)  # where that came at the very end
            remove_trunk_outputs(run)
            meet_test_part(settings, run, model, data, trainer, tracker)
            tracker.finish(failed=False)
            run.update(state="finished", finished=now(), why=None)
        except BaseException as error:
            state = "failed" if isinstance(error, Exception) else "interrupted"
            _note_end(run, state, _reason(error))
            if state == "interrupted":
                say(quiet, f"{_reason(error)}: the same command goes on")
            tracker.finish(failed=True)
            raise


def _reason(error: BaseException) -> str:
    """Why a run ended."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        code = error.code if isinstance(error, SystemExit) else None
        names = {128 + each: each.name for each in signal.Signals if each != signal.SIGINT}
        return f"ended by {names[code]}" if code in names else "interrupted by the user"
    return f"{type(error).__name__}: {error}"


def _note_end(run: RunFolder, state: str, why: str) -> None:
    try:
        if run.is_own():
            run.update(state=state, why=why, finished=now())
    except (OSError, FerError) as error:  # the disk may be full; the first error counts
        print(f"status.json could not be written: {error}")


def _sizes(faces: Faces, split: Split) -> str:
    counts = ", ".join(
        f"{part} {len(split.part(part)):,}" for part in ("train", "validation", "test")
    )
    return f"images: {counts} ({split.test_part}); {len(faces.classes)} classes"
