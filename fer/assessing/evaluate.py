"""A finished run against its own test again, another part, or other data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from omegaconf import DictConfig

from fer.assessing.calibrating import settle_calibration
from fer.assessing.chosen_faces import Chosen, choose, tell
from fer.assessing.heat_maps import write_heat_maps
from fer.assessing.robustness import measure_robustness
from fer.assessing.run_model import load_model, predict
from fer.checks.stored import check_stored, own_data
from fer.config import plain
from fer.console import hush
from fer.data.corruption_strengths import STRENGTHS
from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.errors import ConfigError, RunError
from fer.evaluation.confidence_text import sure_line
from fer.evaluation.predictions import Predictions
from fer.evaluation.report import caption, described, print_report, write_report
from fer.models.heat_maps import HeatMaps
from fer.processes.devices import check_accelerator
from fer.runs.folder import RunFolder


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
    check_stored(run)
    check_accelerator("accelerator", config.accelerator)
    settings = _settings(config, run)
    data = build_data(settings)
    data.open(progress=config.progress != "none")
    model = load_model(run)
    maps = HeatMaps(model, data.side) if config.heatmaps else None

    chosen = choose(config, run, data, model)
    folder = run.path / "evaluations" / _name(settings, config.part, chosen)

    trainer = _trainer(config, settings, run)
    found = settle_calibration(run, trainer, model, data, chosen.validation, config.sure_accuracy)

    again = chosen.own and config.part == "test"
    epoch, kinds = run.results()["epoch"], _kinds(config)
    if again:
        more = {"robustness": kinds} if kinds else {}
        look = {"part": chosen.part, "epoch": epoch, "n": len(chosen.indices)}
        run.look(**look, by="fer.evaluate", **more)
    predictions = predict(trainer, model, data, chosen.indices)
    story = {"run": run.path.name} | tell(settings, data, chosen, predictions, epoch)
    results = write_report(
        folder,
        predictions,
        data.faces.images[chosen.indices],
        story,
        chosen.copies,
        None if found is None else found.temperature,
    )
    print_report(results, described(story), run.path.name)
    lines = [sure_line(found), *chosen.notes, f"report: {folder}"]
    if again and settings["test_time"] == run.settings["test_time"]:
        lines.insert(0, _compare(results["metrics"], run.results()["metrics"]))
    print("\n".join(lines))

    if maps is not None:
        _draw_maps(folder, maps, data, chosen, predictions, config.heatmaps, story)
    if kinds:
        faces, quiet = (data, chosen.indices), config.progress == "none"
        measure_robustness(
            folder, trainer, model, *faces, predictions, kinds, config.images, story, quiet
        )
    return results


def _trainer(config: DictConfig, settings: Mapping[str, Any], run: RunFolder) -> Trainer:
    """What predicts, as precisely as in training."""
    if settings["trainer"]["threads"]:
        torch.set_num_threads(settings["trainer"]["threads"])
    return Trainer(
        accelerator=config.accelerator,
        devices=1,
        precision=settings["trainer"]["precision"],
        deterministic="warn" if settings["trainer"]["deterministic"] else False,
        logger=False,
        enable_progress_bar=False,
        default_root_dir=run.path,
    )


def _draw_maps(
    folder: Path,
    maps: HeatMaps,
    data: FaceDataModule,
    chosen: Chosen,
    predictions: Predictions,
    number: int,
    story: Mapping[str, Any],
) -> None:
    """Writes the sheet of heat maps and says where."""
    sheet = folder / "heat_maps.png"
    empty = write_heat_maps(sheet, maps, data, chosen.indices, predictions, number, caption(story))
    print(f"heat maps: {sheet}; {empty}")


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
    else:
        settings["data"] = own_data(run, asked["data_path"])
    settings["paths"] = asked["paths"]
    for key in ("flip", "crops"):
        if asked[key] is not None:
            settings["test_time"][key] = asked[key]
    if settings["test_time"]["crops"] > 1 and settings["augment"]["crop"]["size"] is None:
        raise ConfigError(f"crops={asked['crops']}: the run was not trained on crops; use 1")
    return settings


def _name(settings: Mapping[str, Any], part: str, chosen: Chosen) -> str:
    """The folder of an evaluation: data and part, and views if several."""
    views = settings["test_time"]
    words = [part] if chosen.own else [settings["data"]["name"], chosen.part]
    words += ["flip"] if views["flip"] else []
    words += [f"{views['crops']}crops"] if views["crops"] > 1 else []
    return "-".join(words)


def _compare(now: Mapping[str, float], stored: Mapping[str, float]) -> str:
    """Says whether the test came out as it did before."""

    def same(a: float, b: float) -> bool:
        return a == b or (math.isnan(a) and math.isnan(b))

    differing = [k for k in stored if k in now and not same(now[k], stored[k])]
    if not differing:
        return "identical to the stored test"
    largest = max(abs(now[k] - stored[k]) for k in differing)
    return f"differs from the stored test by up to {largest:.2g} in {', '.join(differing)}"
