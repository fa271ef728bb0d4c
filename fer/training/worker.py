"""`python -m fer.training.worker`: another process of a training with several.

`fer.training.distributed` starts it. It has no part in the run folder but to read it; what it has
to say goes to the first process.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import lightning
import torch

from fer.console import hush
from fer.data.data_sets import build_data, divide
from fer.extending import plugins
from fer.processes.signals import EndRequest
from fer.runs.folder import RunFolder
from fer.runs.tracking import Tracker
from fer.training.building import build_model, build_teacher, load_weights
from fer.training.distributed import TASK, fit_together, group, open_store, ready
from fer.training.pseudo_labels import pseudo_labels

LONGEST = timedelta(days=2)
"""In which the first process may read data and do whatever else comes before a training."""


def main() -> None:
    """Waits for what there is to train, and trains it with the others."""
    store = open_store()
    store.wait([TASK], LONGEST)
    task = json.loads(store.get(TASK))
    if task is None:
        return
    hush()
    plugins.use(task["plugins"])
    run = RunFolder(task["run"])
    settings = run.settings
    settings["paths"] = task["paths"]
    settings["trainer"]["progress"] = "none"
    if settings["trainer"]["threads"]:
        torch.set_num_threads(settings["trainer"]["threads"])
    data = build_data(settings)
    data.open(progress=False)
    divide(settings, data)
    if pseudo := pseudo_labels(settings, data):
        pseudo.join(run)
    lightning.seed_everything(settings["seed"], verbose=False)
    model = build_model(settings, data)
    model.teacher = build_teacher(settings)
    checkpoint = task["checkpoint"] and Path(task["checkpoint"])
    if checkpoint is None:
        load_weights(settings, model)
    if settings["trainer"]["compile"]:
        model.network.compile()
    ready(store)
    with EndRequest() as end, group(store, settings):
        fit_together(settings, run, model, data, Tracker(run, settings, ""), end, checkpoint)


if __name__ == "__main__":
    main()
