"""Which models can be chosen: found in a folder of runs, and told without loading any."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.errors import RunError
from fer.runs.folder import RunFolder
from fer.serving.answers import ModelAnswer

SHIPPED = "shipped"
"""The id of the model that the package ships."""


@dataclass(frozen=True)
class Choice:
    """A model that can be chosen.

    Attributes:
        source: What `fer.load` takes.
        answer: What the API tells of it; its `id` is a name, nobody opens it as a path.
    """

    source: Path | None
    answer: ModelAnswer


def find_choices(folder: Path | None) -> dict[str, Choice]:
    """Finished runs below a folder, newest first, and their exported ONNX files, by id.

    Args:
        folder: Holds experiments that hold runs, or runs; None holds nothing.
    """
    if folder is None or not folder.is_dir():
        return {}
    found: list[tuple[str, Choice]] = []
    for status in (*folder.glob("*/status.json"), *folder.glob("*/*/status.json")):
        run = RunFolder(status.parent)
        try:
            if run.status.get("state") != "finished" or not run.best.is_file():
                continue
            name = run.path.relative_to(folder).as_posix()
            story = _story(run)
            finished = str(run.status.get("finished"))
            files = sorted((run.path / "export").glob("*.onnx"))
            for source in (*files, run.path):
                own = name if source == run.path else f"{name} {source.stem}.onnx"
                found.append((finished, Choice(source, describe(own, story))))
        except (RunError, LookupError, TypeError):
            continue  # a damaged run is told where it is asked for by name
    found.sort(key=lambda pair: pair[0], reverse=True)
    return {choice.answer.id: choice for _, choice in found}


def describe(name: str, story: Mapping[str, Any]) -> ModelAnswer:
    """What the API tells of a model.

    Args:
        name: Its id.
        story: As `ModelInfo.story`; may lack what is not known.

    Raises:
        RunError: It tells what cannot be.
    """
    try:
        accuracy = _share(story.get("metrics", {}).get("accuracy"))
        ends = story.get("intervals", {}).get("accuracy") or (None, None)
        low, high = (_share(end) for end in ends)
        return ModelAnswer(
            id=name,
            name=str(story.get("model", "")),
            data=str(story.get("data", "")),
            tested=str(story.get("part", "")),
            n=story.get("n"),
            accuracy=accuracy,
            interval=None if low is None or high is None else (low, high),
        )
    except (AttributeError, TypeError, ValueError):  # pydantic's is a ValueError
        raise RunError(
            f"the test results that {name} keeps are damaged: restore them, or test it again with "
            "python -m fer.evaluate and export it again"
        ) from None


def _story(run: RunFolder) -> dict[str, Any]:
    """The part of `ModelInfo.story` that `describe` uses, without loading the model."""
    results = run.results()
    keys = ("data", "part", "n", "metrics", "intervals")
    return {"model": run.settings["model"]["name"], **{key: results[key] for key in keys}}


def _share(value: Any) -> float | None:
    fits = isinstance(value, (int, float)) and math.isfinite(value)
    return round(float(value), 4) if fits else None
