"""Run folders, checkpoints, weights and caches as targets."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import timm
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

import fer
from fer.assessing.chosen_faces import choose
from fer.assessing.evaluate import _settings
from fer.assessing.run_model import load_model
from fer.checks.stored import check_stored
from fer.comparing.compare import compare
from fer.data.data_sets import build_data
from fer.evaluation.predictions import Predictions
from fer.models.weights import initial_weights
from fer.runs.calibrations import stored_calibration
from fer.runs.checkpoints import check_fits, read_checkpoint
from fer.runs.folder import RunFolder
from fer.runs.plan import plan_run
from tests.builders_pictures import class_tree
from tests.builders_runs import make_group, make_run, settings_of
from tests.end_to_end.commands import TINY, UNTRACKED, here, only_run
from tests.faults.fuzzing.data_sets import opened
from tests.faults.fuzzing.target import Target

FACE = np.zeros((48, 48, 3), dtype=np.uint8)


@cache
def trained() -> Path:
    """Where a real training was, with its data's cache."""
    place = Path("trained").absolute()
    place.mkdir()
    assert here("train", *TINY, UNTRACKED, folder=place).status == 0
    return place


def copied(folder: Path) -> None:
    """The real run."""
    shutil.copytree(trained(), folder, dirs_exist_ok=True)


def _interrupted(folder: Path) -> None:
    copied(folder)
    run = only_run(folder)
    run.update(state="interrupted", trained=False)
    shutil.rmtree(run.test)


def _run(folder: Path) -> RunFolder:
    """The run, whatever is left of it."""
    return RunFolder(next(folder.glob("outputs/default/*")))


def _evaluate(folder: Path, cache: Path) -> None:
    """As `fer.evaluate`, up to the network."""
    config = OmegaConf.create(
        {
            "run": str(_run(folder).path),
            "part": "test",
            "data_path": None,
            "paths": {"data": "data", "outputs": "outputs", "cache": str(folder / "outputs/cache")},
            "flip": None,
            "crops": None,
        }
    )
    run = RunFolder.open(config.run)
    if run.status["state"] != "finished":
        return
    check_stored(run)
    settings = _settings(config, run)
    data = build_data(settings)
    data.open(progress=False)
    model = load_model(run)
    choose(config, run, data, model)
    stored_calibration(run)
    run.results()


def _recognise(folder: Path, cache: Path) -> None:
    (face,) = fer.load(_run(folder).path, detector="none")(FACE)
    assert abs(sum(face.probabilities.values()) - 1) < 1e-3


def _resume(folder: Path, cache: Path) -> None:
    """As `fer.train`, up to the network."""
    run = _run(folder)
    settings = only_run(trained()).settings
    plan = plan_run(run, settings, length_matters=False)
    if plan.checkpoint is not None and plan.content is not None:
        check_fits(plan.content["state_dict"], _network().state_dict(), plan.checkpoint)


@cache
def _network() -> torch.nn.Module:
    return load_model(only_run(trained()))


def _compared(folder: Path) -> None:
    names = [f"test/{k}.png" for k in range(21)]
    for k, model in enumerate(("resnet18", "resnet34")):
        make_run(folder / "runs" / model, 10 + k, names=names, settings=settings_of(model))
    seeds = [
        make_run(folder / "runs" / f"seed{k}", 5 + k, names=names, settings=settings_of("cnn1", k))
        for k in (0, 1)
    ]
    make_group(folder / "runs" / "group", seeds)
    jobs = folder / "runs" / "sweep-1" / "jobs"
    jobs.mkdir(parents=True)
    for k, model in enumerate(("resnet18", "resnet34")):
        story = {
            "number": k,
            "overrides": [f"model={model}"],
            "status": "finished",
            "folder": f"outputs/runs/{model}",
        }
        (jobs / f"{k:04}.json").write_text(json.dumps(story))


def _compare(folder: Path, cache: Path) -> None:
    (cache / "page").mkdir(exist_ok=True)
    compare(
        OmegaConf.create(
            {
                "runs": [str(folder / "runs"), str(folder / "runs" / "sweep-1")],
                "baseline": None,
                "cost": "training_seconds",
                "alpha": 0.05,
                "output": str(cache / "page"),
                "target": "page",
                "progress": "none",
                "paths": {"outputs": str(cache)},
            }
        )
    )


def _answers(folder: Path) -> None:
    make_run(folder / "run", 10, names=[f"test/{k}.png" for k in range(21)])


def _read_answers(folder: Path, cache: Path) -> None:
    said = Predictions.load(folder / "run/test/predictions.csv")
    assert said.probabilities.shape == (len(said.names), len(said.classes))


def _weights(folder: Path) -> None:
    network = timm.create_model("test_resnet", num_classes=7, in_chans=1)
    state = network.state_dict()
    torch.save({f"network.{k}": v for k, v in state.items()}, folder / "a.pth")
    torch.save({"state_dict": state, "hyper_parameters": {"mean": [0.5]}}, folder / "b.ckpt")
    torch.save(state, folder / "c.pth", _use_new_zipfile_serialization=False)
    save_file(state, folder / "d.safetensors")


@cache
def _plain_network() -> torch.nn.Module:
    return timm.create_model("test_resnet", num_classes=7, in_chans=1)


def _read_weights(folder: Path, cache: Path) -> None:
    for path in sorted(folder.iterdir()):
        initial_weights(_plain_network(), str(path), "test_resnet", 1)


def _checkpoints(folder: Path) -> None:
    run = RunFolder(make_run(folder / "run", 10, names=["test/0.png"] * 1))
    run.update(state="interrupted", trained=False)
    story = {
        "state_dict": {"network.weight": torch.zeros(3, 2)},
        "hyper_parameters": {"model": {"kind": "cnn"}},
        "callbacks": {
            "EarlyStopping{}": {"wait_count": 0, "patience": 3},
            "Recorder": {"middle": None},
        },
        "epoch": 1,
    }
    for path in (run.best, run.last, run.middle):
        torch.save(story, path)


def _read_checkpoints(folder: Path, cache: Path) -> None:
    run = RunFolder(folder / "run")
    plan_run(run, run.settings | {"restart": False, "scheduler": {"name": "none"}}, False)
    for path in (run.best, run.last, run.middle):
        read_checkpoint(path)


def _cached(folder: Path) -> None:
    class_tree(folder / "pictures", ("happy", "sad"), per_class=2)
    opened("folder", below="pictures")(folder, folder / "cache")


def _read_cached(folder: Path, cache: Path) -> None:
    faces = opened("folder", below="pictures")(folder, folder / "cache")
    assert len(faces) == 4 and faces.classes == ("happy", "sad")


RUN = ("outputs/default/*/*.*", "outputs/default/*/test/*", "outputs/default/*/validation/*")
BEST = ("outputs/default/*/checkpoints/best.ckpt",)

RUN_FOLDERS = (
    Target("checkpoints", _checkpoints, _read_checkpoints, 3, ("run/checkpoints/*",)),
    Target("weights", _weights, _read_weights, 2),
    Target("predictions", _answers, _read_answers, 1, ("run/test/*.csv",)),
    Target("caches", _cached, _read_cached, 2, ("cache/**/*",), writes=True),
    Target("run folder, compare", _compared, _compare, 1.5),
    Target("run folder, evaluate", copied, _evaluate, 1.5, (*RUN, *BEST), writes=True),
    Target("run folder, predict", copied, _recognise, 1, (*RUN, *BEST)),
    Target(
        "run folder, resume",
        _interrupted,
        _resume,
        1,
        ("outputs/default/*/*.*", "outputs/default/*/checkpoints/*"),
        writes=True,
    ),
)
