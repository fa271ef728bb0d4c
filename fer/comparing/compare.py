"""A comparison from the settings to its folder: read, group, test, write, tell."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from fer.comparing.collect import collect, find_baseline
from fer.comparing.comparison import Comparison
from fer.comparing.page import page
from fer.comparing.records import csv_text, json_story
from fer.comparing.tables import markdown
from fer.comparing.terminal import print_comparison
from fer.comparing.testsets import test_sets
from fer.config import plain
from fer.console import say
from fer.errors import ConfigError, RunError
from fer.json_text import json_text
from fer.writing import write_text

_USUAL = {"cost": "training_seconds", "alpha": 0.05, "target": "page"}
"""Values of `conf/compare.yaml`, which the command need not repeat."""


def compare(config: DictConfig) -> Path:
    """Compares runs and writes the page, lists and tables.

    Args:
        config: A resolved configuration of `conf/compare.yaml`.

    Returns:
        The folder with `index.html`, `comparison.md`, `comparison.csv` and `comparison.json`.

    Raises:
        RunError: Nothing that was named is a run.
        ConfigError: The baseline is none of the runs.
    """
    settings = plain(config)
    collected = collect(settings["runs"])
    if not collected.rows and all(each.state == "not found" for each in collected.left_out):
        told = "; ".join(f"{each.name}: {each.why}" for each in collected.left_out)
        raise RunError(f"there is no run to compare: {told}")
    baseline = find_baseline(collected, settings["baseline"])
    comparison = Comparison(
        test_sets(collected.rows, baseline),
        collected.left_out,
        baseline,
        settings["cost"],
        settings["alpha"],
        _command(settings),
    )
    folder = Path(settings["output"] or _default_folder(settings)).expanduser()
    if folder.is_file():
        raise ConfigError(f"output={folder} is a file: name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "index.html", page(comparison, folder))
    write_text(folder / "comparison.md", markdown(comparison))
    write_text(folder / "comparison.csv", csv_text(comparison))
    story = json_text(json_story(comparison))
    write_text(folder / "comparison.json", story)
    if settings["progress"] != "none":
        print_comparison(comparison, folder)
    if settings["target"] == "wandb":
        from fer.comparing.workspace import send  # an extra, and slow to import

        say(settings["progress"] == "none", send(comparison, folder))
    for each in collected.left_out:
        print(f"left out: {each.name} ({each.state}): {each.why}", file=sys.stderr)
    return folder


def _default_folder(settings: dict[str, Any]) -> Path:
    """Named after the first word, and after a digest of all that makes this comparison."""
    words = [os.path.normpath(Path(word).expanduser().absolute()) for word in settings["runs"]]
    name = Path(words[0]).name.replace("*", "").strip("-.") or "runs"
    decided = [sorted(words), settings["baseline"], settings["cost"], settings["alpha"]]
    digest = hashlib.sha256(json.dumps(decided).encode()).hexdigest()[:8]
    return Path(settings["paths"]["outputs"]) / "comparisons" / f"{name}-{digest}"


def _command(settings: dict[str, Any]) -> str:
    """The command that compares the same again."""
    words = ["python", "-m", "fer.compare", *settings["runs"]]
    words += [f"{key}={settings[key]}" for key in ("baseline", "output") if settings[key]]
    words += [f"{key}={settings[key]}" for key, usual in _USUAL.items() if settings[key] != usual]
    return shlex.join(words)
