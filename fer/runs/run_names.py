"""The name of a run: which settings decide its result, and their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

SAME_RUN = (
    "logger",
    "restart",
    "sure_accuracy",
    "data.processes",
    "data.on_device",
    "data.download",
    "trainer.max_epochs",
    "trainer.checkpoint_steps",
    "trainer.accelerator",
    "trainer.progress",
    "trainer.threads",
)
"""Settings that say how fast, how long or how loudly: the run is the same."""

TOLD_OTHERWISE = (
    "paths",
    "trials",
    "name",
    "pseudo",  # what it adds to the training part joins the data's fingerprint
    "data.path",
    "data.exclude",
    "data.votes_path",
    "data.csv_path",
    "data.faces.detector_model",  # its content decides the pixels, hence the data's fingerprint
    "model.members",  # sources, which name the weights, decide
    "distillation.teacher",
)
"""Settings that say where: what is there decides, by its fingerprint or its digest."""

OFF = {
    "data.shuffle_window": None,
    "model.trunk_cache": 0,
    "trainer.nodes": 1,
    "trainer.sync_batchnorm": False,
}
"""Settings that came after the first runs, at the value that leaves all as it was without them.

A run without the key and one at this value are of one configuration.
"""


def weights_path(settings: Mapping[str, Any]) -> str | None:
    """The file or run folder that `model.weights` names; None where it is none or ImageNet's."""
    weights = settings["model"].get("weights", "none")
    return None if weights in ("none", "imagenet") else str(weights)


def deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide the result."""
    kept = deepcopy(dict(settings))
    own = (*SAME_RUN, *TOLD_OTHERWISE, *(["model.weights"] if weights_path(settings) else []))
    for key in (*own, *OFF):
        *groups, leaf = key.split(".")
        node = kept
        for group in groups:
            node = node.get(group, {})
        if key not in OFF or node.get(leaf) == OFF[key]:
            node.pop(leaf, None)
    return kept


def configuration_checksum(settings: Mapping[str, Any]) -> str:
    """SHA-256, as hexadecimal digits, of what decides the result and of the number of epochs.

    The same on every machine: where data, weights and outputs lie is not in it, `sources` are.
    """
    text = json.dumps([deciding(settings), settings["trainer"]["max_epochs"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def run_name(settings: Mapping[str, Any], fingerprint: str) -> str:
    """`<model>-<data>-<hash>`, the hash from the deciding settings and the data's fingerprint."""
    text = json.dumps([deciding(settings), fingerprint], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    tag = f"-{settings['tag']}" if settings["tag"] else ""
    return f"{settings['model']['name']}-{settings['data']['name']}{tag}-{digest}"
