"""Where data and model meet: fit as far as needed, test once, leave a run folder."""

from __future__ import annotations

import logging
import platform
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
import timm
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping
from omegaconf import DictConfig

import fer
from fer.config import plain
from fer.data.faces import Faces
from fer.data.modules import FaceDataModule, build_data
from fer.data.protocols import Split, make_split
from fer.errors import FerError
from fer.evaluation.figures import face_sheet, learning_curves
from fer.evaluation.report import print_report, write_report
from fer.models.classifiers import CLASSIFIERS, FaceClassifier
from fer.models.freezing import count_parameters
from fer.models.losses import balanced_weights
from fer.models.schedules import NEEDS_LENGTH, check_optimizer
from fer.models.weights import imagenet_normalisation, initial_weights
from fer.prediction import predict
from fer.runs.checkpoints import SafeCheckpointIO, check_fits, read_checkpoint
from fer.runs.folder import RunFolder, now, run_name
from fer.runs.plan import Plan, plan_run
from fer.runs.progress import progress_callbacks
from fer.runs.recording import Recorder
from fer.runs.tracking import Tracker


def train(config: DictConfig, group: str | None = None, job: int = 0) -> RunFolder:
    """Trains what the configuration describes, tests it once, and leaves a run folder.

    The same configuration again finds its folder: finished, it is shown; interrupted, it goes on.

    Args:
        config: A resolved configuration of `conf/train.yaml`.
        group: W&B's group, such as the sweep's name.
        job: Place in a sweep; parallel jobs take the GPUs in turn by it.

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

    data = build_data(settings)
    faces = data.open(progress=not quiet)
    limit = settings["data"]["images_per_class"]
    data.split = make_split(faces, settings["protocol"], limit, settings["seed"])

    name = run_name(settings, faces.fingerprint)
    run = RunFolder(Path(settings["paths"]["outputs"]) / settings["name"] / name)
    plan = plan_run(run, settings, settings["scheduler"]["name"] in NEEDS_LENGTH)
    _say(quiet, f"run folder: {run.path}", plan.message)
    if plan.action != "show":
        _say(quiet, *data.split.notes, _sizes(faces, data.split))
        _work(config, settings, run, plan, data, group or settings["name"], job)
    if not quiet:
        show(run)
    return run


def _work(
    config: DictConfig,
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
    if plan.action == "start" or (plan.action == "resume" and plan.checkpoint is None):
        _say(quiet, _load_weights(settings, model))
    total, trained = count_parameters(model.network)
    _say(quiet, f"parameters: {total:,}, of which {trained:,} are trained")
    if plan.checkpoint is not None and plan.content is not None:
        check_fits(plan.content["state_dict"], model.state_dict(), plan.checkpoint)

    facts = {
        "parameters": total,
        "trained_parameters": trained,
        "split_hash": data.split.hash,
        "test_hash": data.split.test_hash,
        "data_fingerprint": data.faces.fingerprint,
    }
    _begin(config, run, data, facts)
    tracker = Tracker(run, settings, group)
    try:
        tracker.start(facts)
        trainer = _trainer(settings, run, tracker, job)
        if settings["trainer"]["compile"]:
            model.network.compile()
        if plan.action != "test":
            trainer.fit(model, data, ckpt_path=plan.checkpoint, weights_only=True)
            run.update(trained=True)
        _test(settings, run, model, data, trainer, tracker)
        run.update(state="finished", finished=now(), why=None)
    except BaseException as error:
        state = "failed" if isinstance(error, Exception) else "interrupted"
        _note_end(run, state, f"{type(error).__name__}: {error}")
        tracker.finish(failed=True)
        raise
    tracker.finish(failed=False)


def build_model(settings: Mapping[str, Any], data: FaceDataModule) -> FaceClassifier:
    """The LightningModule of a configuration, as initialised, for the data's classes and pixels."""
    model, loss = settings["model"], dict(settings["loss"])
    if loss["class_weights"] == "balanced":
        labels = torch.from_numpy(data.faces.labels[data.split.train])
        loss["class_weights"] = balanced_weights(labels.bincount().tolist())
    mean, deviation = _normalisation(settings, data)
    return CLASSIFIERS[model["kind"]](
        model=model,
        optimizer=settings["optimizer"],
        scheduler=settings["scheduler"],
        loss=loss,
        classes=list(data.faces.classes),
        channels=settings["data"]["channels"],
        mean=mean,
        deviation=deviation,
        monitor=settings["trainer"]["monitor"],
        maximise=settings["trainer"]["monitor_mode"] == "max",
        channels_last=settings["trainer"]["channels_last"],
    )


def _normalisation(
    settings: Mapping[str, Any], data: FaceDataModule
) -> tuple[list[float], list[float]]:
    """Mean and deviation per channel: given, the weights' own, or the training part's."""
    channels, model = settings["data"]["channels"], settings["model"]
    if isinstance(model["normalisation"], list):
        mean, deviation = model["normalisation"]
        return [mean] * channels, [deviation] * channels
    if model["normalisation"] == "auto" and model["weights"] == "imagenet":
        return imagenet_normalisation(model["backbone"], channels)
    if model["normalisation"] == "auto" and Path(model["weights"]).is_dir():
        source = read_checkpoint(RunFolder.open(model["weights"]).best)["hyper_parameters"]
        if len(source["mean"]) == channels:
            return source["mean"], source["deviation"]
    return data.statistics()


def _load_weights(settings: Mapping[str, Any], model: FaceClassifier) -> str | None:
    """Fills the network with the initial weights that the configuration names."""
    source = settings["model"]["weights"]
    state = None
    if Path(source).is_dir():
        state = read_checkpoint(RunFolder.open(source).best)["state_dict"]
    report = initial_weights(
        model.network, source, settings["model"]["backbone"], settings["data"]["channels"], state
    )
    return None if report is None else str(report)


def _begin(config: DictConfig, run: RunFolder, data: FaceDataModule, facts: dict[str, Any]) -> None:
    """Writes what a run folder has from its first minute."""
    before = run.status if run.exists() else {}
    run.create(
        config,
        **{
            **before,
            "state": "running",
            "why": None,
            "started": before.get("started", now()),
            "resumed": [*before.get("resumed", []), now()] if before else [],
            "seed": config.seed,
            "trained": before.get("trained", False) and before.get("state") != "finished",
            "versions": _versions(),
            "git_commit": _git_commit(),
            "notes": [*data.faces.notes, *data.split.notes],
            "bad_files": [list(pair) for pair in data.faces.bad_files],
            "counts": {
                part: len(data.split.part(part)) for part in ("train", "validation", "test")
            },
            **facts,
        },
    )
    data.split.save(run.split)
    _draw_augmented(run, data)


def _trainer(settings: Mapping[str, Any], run: RunFolder, tracker: Tracker, job: int) -> Trainer:
    """Lightning's trainer, with this project's records instead of Lightning's."""
    chosen = settings["trainer"]
    maximise = chosen["monitor_mode"] == "max"
    clip = chosen["clip_norm"] or chosen["clip_value"]
    callbacks: list[Callback] = progress_callbacks(chosen["progress"])
    if chosen["patience"] is not None:
        callbacks.append(
            EarlyStopping(
                chosen["monitor"], patience=chosen["patience"], mode=chosen["monitor_mode"]
            )
        )
    callbacks.append(Recorder(run, tracker, chosen["monitor"], maximise, settings["seed"]))
    return Trainer(
        max_epochs=chosen["max_epochs"],
        accelerator=chosen["accelerator"],
        devices=_devices(chosen["accelerator"], chosen["devices"], job),
        precision=chosen["precision"],
        accumulate_grad_batches=chosen["accumulate"],
        gradient_clip_val=clip,
        gradient_clip_algorithm="norm" if chosen["clip_norm"] else "value",
        deterministic="warn" if chosen["deterministic"] else False,
        callbacks=callbacks,
        plugins=[SafeCheckpointIO()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=run.path,
    )


def _devices(accelerator: str, devices: int, job: int) -> int | list[int]:
    """The job's own GPU where jobs run side by side; asking for the count does not start CUDA."""
    gpus = torch.cuda.device_count() if accelerator in ("auto", "gpu", "cuda") else 0
    return [job % gpus] if devices == 1 and gpus > 1 else devices


def _test(
    settings: Mapping[str, Any],
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    trainer: Trainer,
    tracker: Tracker,
) -> None:
    """Meets the test part with the best checkpoint, once, and writes the report."""
    best = read_checkpoint(run.best)
    model.load_state_dict(best["state_dict"])
    epoch = best["epoch"] + 1
    run.look(part=data.split.test_part, epoch=epoch, n=len(data.split.test))
    predictions = predict(trainer, model, data, data.split.test)
    story = {
        "part": data.split.test_part,
        "n": len(predictions),
        "protocol": data.split.protocol,
        "split_hash": data.split.hash,
        "test_hash": data.split.test_hash,
        "test_time": settings["test_time"],
        "epoch": epoch,
        "notes": list(data.split.notes),
    }
    images = data.faces.images[data.split.test]
    results = write_report(run.test, predictions, images, story)
    learning_curves(run.rows(), run.figures / "learning_curves.png", epoch)
    pictures = {path.stem: path for path in [*run.test.glob("*.png"), *run.figures.glob("*.png")]}
    row = next(row for row in run.rows() if row["epoch"] == epoch)
    summary = {f"test/{key}": value for key, value in results["metrics"].items()}
    summary |= {f"best/{key}": value for key, value in row.items()}
    tracker.report(
        summary,
        predictions.classes,
        predictions.labels,
        predictions.predicted,
        results["per_class"],
        pictures,
    )


def show(run: RunFolder) -> None:
    """Prints a finished run's table and what to do next."""
    results = run.results()
    part, n = results["part"], results["n"]
    print_report(results, f"Test on {part}, n = {n:,}, epoch {results['epoch']}", run.path.name)
    for note in results["notes"]:
        print(note)
    print(f"run folder: {run.path}")
    print(f"next: python -m fer.evaluate run={run.path}")
    print("      python -m fer.train -m model=resnet18,resnet34,resnet50")


def _draw_augmented(run: RunFolder, data: FaceDataModule) -> None:
    """A sheet of training faces as the network gets them, eight draws of each of six faces."""
    run.figures.mkdir(exist_ok=True)
    pixels, labels = data.sample_augmented(faces=6, draws=8)
    titles = [data.faces.classes[label] if i % 8 == 0 else "" for i, label in enumerate(labels)]
    face_sheet(pixels, titles, run.figures / "augmented_faces.png", columns=8)


def _note_end(run: RunFolder, state: str, why: str) -> None:
    try:
        run.update(state=state, why=why, finished=now())
    except (OSError, FerError) as error:  # the disk may be full; the first error counts
        print(f"status.json could not be written: {error}")


def hush() -> None:
    """Silences Lightning's advice to its own users, who are not this project's."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")


def _versions() -> dict[str, str]:
    modules = {"torch": torch, "lightning": lightning, "timm": timm, "fer": fer}
    return {"python": platform.python_version()} | {k: m.__version__ for k, m in modules.items()}


def _git_commit() -> str | None:
    """The commit of the source, where it is a checkout."""
    here = Path(__file__).resolve().parent
    try:
        told = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return told.stdout.strip() or None


def _sizes(faces: Faces, split: Split) -> str:
    counts = ", ".join(
        f"{part} {len(split.part(part)):,}" for part in ("train", "validation", "test")
    )
    return f"images: {counts} ({split.test_part}); {len(faces.classes)} classes"


def _say(quiet: bool, *lines: str | None) -> None:
    for line in lines:
        if line and not quiet:
            print(line, flush=True)
