"""What the jobs of a sweep have written of themselves, also where a record is damaged."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from fer.evaluation.sweep_jobs import Job


def job_records(folder: Path) -> dict[Path, str]:
    """The records of a sweep's jobs, by number: file and text.

    Another process may take one away meanwhile; one that cannot be read is empty.
    """
    found = {}
    for path in sorted(folder.glob("jobs/*.json")):
        try:
            found[path] = path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            continue
        except OSError:
            found[path] = ""
    return found


def as_typed(overrides: Sequence[str]) -> list[str]:
    """Overrides as the user gave them: taken one by one, a `${...}` within would be resolved."""
    typed: list[str] = OmegaConf.to_container(overrides, resolve=False)  # type: ignore[assignment]
    return typed


def sweep_overrides(folder: Path) -> list[str]:
    """The overrides that a sweep was started with, as Hydra noted them; empty where it did not."""
    try:
        return as_typed(OmegaConf.load(folder / "multirun.yaml").hydra.overrides.task)
    except Exception:  # damaged in one of many ways, or not there
        return []


def planned_jobs(overrides: Sequence[str]) -> list[list[str]]:
    """The overrides of each job of a sweep, by number, as Hydra's sweeper numbers them.

    Empty where that cannot be said here: of no overrides, of several experiments, whose jobs lie in
    several folders, and of patterns that only Hydra resolves.

    Examples:
        >>> planned_jobs(["model=resnet18,resnet50", "seed=1"])
        [['model=resnet18', 'seed=1'], ['model=resnet50', 'seed=1']]
    """
    choices = []
    try:
        for each in OverridesParser.create().parse_overrides(list(overrides)):
            key, swept = each.get_key_element(), each.is_sweep_override()
            if swept and key == "experiment":
                return []
            values = each.sweep_string_iterator() if swept else [each.get_value_element_as_str()]
            choices.append([f"{key}={value}" for value in values])
    except (HydraException, AssertionError):
        return []
    return [list(job) for job in itertools.product(*choices)] if choices else []


def job_story(path: Path, text: str) -> dict[str, Any]:
    """What a job's record says; of a damaged one, that it is, as if the job had failed.

    Args:
        path: The record, for the message.
        text: What it holds.
    """
    try:
        story: dict[str, Any] = json.loads(text)
        if _is_whole(Job(**story)):
            return story
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    number = int(path.stem) if path.stem.isdecimal() else 0
    why = f"{path} is damaged: run the same sweep again, which writes it anew"
    return {"number": number, "overrides": [], "status": "failed", "error": why}


def _is_whole(job: Job) -> bool:
    """Whether a record has what the summary needs of every job, and of a finished one."""
    if not isinstance(job.number, int) or not isinstance(job.overrides, list):
        return False
    if not all(isinstance(word, str) for word in (job.status, *job.overrides, job.error or "")):
        return False
    figures = (job.metrics.get("accuracy"), job.validation_accuracy, job.seconds_per_epoch)
    given = all(isinstance(figure, (int, float)) for figure in figures)
    return job.status != "finished" or (given and isinstance(job.intervals, dict))
