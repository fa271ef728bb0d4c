"""A run's model against chosen faces: its test, once; that test again; other parts and data."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray
from omegaconf import DictConfig

from fer.calibrating import calibrate, settle_calibration
from fer.config import plain
from fer.console import hush
from fer.data.copies import find_test_copies
from fer.data.corruption_strengths import STRENGTHS
from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.protocols import Split
from fer.errors import ConfigError, RunError
from fer.evaluation.agreement import by_agreement
from fer.evaluation.cautions import marked
from fer.evaluation.confidence_text import confidence_summary, sure_line
from fer.evaluation.figures import learning_curves
from fer.evaluation.predictions import Predictions
from fer.evaluation.report import caption, described, print_report, write_report
from fer.heat_maps import write_heat_maps
from fer.known_faces import find_known_faces
from fer.models.classifiers import FaceClassifier
from fer.models.heat_maps import HeatMaps
from fer.prediction import load_model, predict
from fer.robustness import measure_robustness
from fer.runs.checkpoints import read_checkpoint
from fer.runs.folder import RunFolder
from fer.runs.tracking import Tracker

OWN_PARTS = ("train", "validation", "test")


def meet_test_part(
    settings: Mapping[str, Any],
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    trainer: Trainer,
    tracker: Tracker,
) -> None:
    """Calibrates on validation, meets the test part with the best checkpoint, once, and reports."""
    best = read_checkpoint(run.best)
    model.load_state_dict(best["state_dict"])
    epoch = best["epoch"] + 1
    found = calibrate(run, trainer, model, data, data.split.validation, settings["sure_accuracy"])
    run.look(part=data.split.test_part, epoch=epoch, n=len(data.split.test))
    started = time.perf_counter()
    predictions = predict(trainer, model, data, data.split.test)
    milliseconds = 1000 * (time.perf_counter() - started)
    story = {
        "data": settings["data"]["name"],
        "part": data.split.test_part,
        "n": len(predictions),
        "protocol": data.split.protocol,
        "split_hash": data.split.hash,
        "test_hash": data.split.test_hash,
        "test_time": settings["test_time"],
        "epoch": epoch,
        "milliseconds_per_face": round(milliseconds / len(predictions), 4),
        "notes": [*data.faces.notes, *data.split.notes],
        "cautions": list(data.split.cautions),
    } | _agreement(data, predictions, data.split.test)
    images = data.faces.images[data.split.test]
    copies = find_test_copies(data.faces, data.split, data.split.test)
    results = write_report(run.test, predictions, images, story, copies, found.temperature)
    curves = run.figures / "learning_curves.png"
    protocol = marked(data.split.protocol["name"], data.split.cautions)
    words = f"{settings['data']['name']}, {protocol}, {run.path.name}"
    learning_curves(run.rows(), curves, epoch, words, best["global_step"] / epoch)
    pictures = {path.stem: path for path in [*run.test.glob("*.png"), *run.figures.glob("*.png")]}
    row = next(row for row in run.rows() if row["epoch"] == epoch)
    summary = {f"test/{key}": value for key, value in results["metrics"].items()}
    summary |= {f"test/{key}": value for key, value in confidence_summary(results).items()}
    summary |= {f"best/{key}": value for key, value in row.items()} | {"protocol": protocol}
    tracker.report(
        summary,
        predictions.classes,
        predictions.labels,
        predictions.predicted,
        results["per_class"],
        pictures,
    )


def _agreement(
    data: FaceDataModule, predictions: Predictions, indices: NDArray[np.int64]
) -> dict[str, Any]:
    """Accuracy by the annotators' agreement, where the data set has votes."""
    shares = data.faces.agreement(indices)
    return {} if shares is None else {"agreement": by_agreement(predictions, shares)}


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Rebuilds a run and tests its best weights; a look at its test part is recorded.

    Args:
        config: A resolved configuration of `conf/evaluate.yaml`.

    Returns:
        Metrics, intervals and rows per class, as written to `<run>/evaluations/<name>/`.

    Raises:
        RunError: The run is not finished, or its data is not what it was.
        ConfigError: There is no such part, or no class in common.
    """
    hush()
    run = RunFolder.open(config.run)
    if run.status["state"] != "finished":
        raise RunError(f"{run.path} is {run.status['state']}: run its training command again first")
    quiet = config.progress == "none"
    settings = _settings(config, run)
    own = config.get("data") is None
    data = build_data(settings)
    data.open(progress=not quiet)
    model = load_model(run)
    maps = HeatMaps(model, data.side) if config.heatmaps else None
    if own:
        split = _own_split(run, data, config.part)
        indices, notes = split.part(config.part), [*data.faces.notes, *split.notes]
        validation = split.validation
        cautions = list(split.cautions)
        copies = None if config.part == "train" else find_test_copies(data.faces, split, indices)
        part, protocol = split.test_part if config.part == "test" else config.part, split.protocol
    else:
        validation = None
        indices, part = _other_part(run, data, config.part)
        indices, notes = _match_classes(model, data, indices)
        copies, told = find_known_faces(run, data, indices, config.data_path)
        notes = [*data.faces.notes, *notes, *told]
        if part == "all" and data.faces.part is not None:
            notes.append(f"parts {', '.join(np.unique(data.faces.part))} together")
        protocol, cautions = {"name": "cross-data"}, []
    if settings["trainer"]["threads"]:
        torch.set_num_threads(settings["trainer"]["threads"])
    trainer = Trainer(
        accelerator=config.accelerator,
        devices=1,
        precision=settings["trainer"]["precision"],
        deterministic="warn" if settings["trainer"]["deterministic"] else False,
        logger=False,
        enable_progress_bar=False,
        default_root_dir=run.path,
    )
    found = settle_calibration(run, trainer, model, data, validation, config.sure_accuracy)
    kinds = _kinds(config)
    if own and config.part == "test":
        more = {"robustness": kinds} if kinds else {}
        by = {"by": "fer.evaluate", **more}
        run.look(part=part, epoch=run.results()["epoch"], n=len(indices), **by)
    predictions = predict(trainer, model, data, indices)
    views = settings["test_time"]
    story = {
        "run": run.path.name,
        "data": settings["data"]["name"],
        "part": part,
        "n": len(indices),
    }
    story |= {"protocol": protocol, "test_time": views, "notes": notes, "cautions": cautions}
    story |= _agreement(data, predictions, indices)
    folder = run.path / "evaluations" / _name(settings, config.part if own else part, own)
    results = write_report(
        folder,
        predictions,
        data.faces.images[indices],
        story,
        copies,
        None if found is None else found.temperature,
    )
    print_report(results, described(story), run.path.name)
    lines = [sure_line(found), *notes, f"report: {folder}"]
    if own and config.part == "test" and views == run.settings["test_time"]:
        lines.insert(0, _compare(results["metrics"], run.results()["metrics"]))
    print("\n".join(lines))
    if maps is not None:
        sheet = folder / "heat_maps.png"
        words = caption(story)
        empty = write_heat_maps(sheet, maps, data, indices, predictions, config.heatmaps, words)
        print(f"heat maps: {sheet}; {empty}")
    if kinds:
        faces, most = (data, indices), config.images
        measure_robustness(folder, trainer, model, *faces, predictions, kinds, most, story, quiet)
    return results


def _kinds(config: DictConfig) -> list[str]:
    """The corruptions that are asked for."""
    asked = config.robustness
    return list(STRENGTHS if asked is True else asked or ())


def _settings(config: DictConfig, run: RunFolder) -> dict[str, Any]:
    """The run's settings, with the data, views and paths that this command asks for."""
    asked, settings = plain(config), run.settings
    if asked.get("data") is not None:
        shape = {key: settings["data"][key] for key in ("size", "channels", "batch_size")}
        settings["data"] = {**asked["data"], **shape}
    elif asked["data_path"] is not None:
        settings["data"]["path"] = asked["data_path"]
    settings["paths"] = asked["paths"]
    for key in ("flip", "crops"):
        if asked[key] is not None:
            settings["test_time"][key] = asked[key]
    if settings["test_time"]["crops"] > 1 and settings["augment"]["crop"]["size"] is None:
        raise ConfigError(f"crops={asked['crops']}: the run was not trained on crops; use 1")
    return settings


def _own_split(run: RunFolder, data: FaceDataModule, part: str) -> Split:
    """The run's own split, checked against the data that is there now."""
    if part not in OWN_PARTS:
        raise ConfigError(f"part={part}: choose {', '.join(OWN_PARTS)}, or name a data set")
    if data.faces.fingerprint != run.status["data_fingerprint"]:
        raise RunError(
            f"the data has changed since {run.path} was trained (other pixels, labels or parts): "
            "put the old data back, or name it as another data set with data=..."
        )
    return Split.load(run.split)


def _other_part(run: RunFolder, data: FaceDataModule, part: str) -> tuple[NDArray[np.int64], str]:
    """Faces of another data set: all, or one of its own parts."""
    if data.faces.fingerprint == run.status["data_fingerprint"]:
        raise ConfigError(
            "this is the data that the run was trained on: leave data= out, and choose "
            f"part={', '.join(OWN_PARTS)} of the run's own protocol; data_path=... says where it is"
        )
    own = set() if data.faces.part is None else set(data.faces.part.tolist())
    if part == "all" or not own or (part == "test" and "test" not in own):
        return np.arange(len(data.faces)), "all"
    indices = np.flatnonzero(data.faces.part == part)
    if len(indices) == 0:
        raise ConfigError(f"part={part}: this data set has all, {', '.join(sorted(own))}")
    return indices, part


def _match_classes(
    model: FaceClassifier, data: FaceDataModule, indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Leaves out faces whose class the model does not know; tells what could not be matched."""
    names = np.array(data.faces.classes)
    kept = indices[np.isin(names[data.faces.labels[indices]], model.classes)]
    if len(kept) == 0:
        raise ConfigError("the model and this data set have no class in common")
    notes = []
    if len(kept) < len(indices):
        unknown = sorted(set(data.faces.classes) - set(model.classes))
        notes.append(
            f"{len(indices) - len(kept)} faces left out, unknown to the model: {', '.join(unknown)}"
        )
    absent = [name for name in model.classes if name not in data.faces.classes]
    if absent:
        notes.append(f"the model also knows {', '.join(absent)}, which this data set does not have")
    return kept, notes


def _name(settings: Mapping[str, Any], part: str, own: bool) -> str:
    views = settings["test_time"]
    words = [part] if own else [settings["data"]["name"], part]
    words += ["flip"] if views["flip"] else []
    words += [f"{views['crops']}crops"] if views["crops"] > 1 else []
    return "-".join(words)


def _compare(now: Mapping[str, float], stored: Mapping[str, float]) -> str:
    """Says whether the test came out as it did before."""

    def same(a: float, b: float) -> bool:
        return a == b or (math.isnan(a) and math.isnan(b))

    differing = [k for k in stored if not same(now[k], stored[k])]
    if not differing:
        return "identical to the stored test"
    largest = max(abs(now[k] - stored[k]) for k in differing)
    return f"differs from the stored test by up to {largest:.2g} in {', '.join(differing)}"
