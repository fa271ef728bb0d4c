"""The model card that an exported file carries (Mitchell et al., Model Cards, 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer.recognition.model_info import ModelInfo
from fer.runs.calibrations import ONE_VIEW

SHOWN = ("accuracy", "balanced_accuracy", "f1_macro", "auroc_macro", "ece", "nll")
FEW = 0.03
"""A class with a smaller share of the training faces is named as rare."""


def model_card(info: ModelInfo, counts: Mapping[str, int], form: str, measured: str) -> str:
    """Markdown: what the model is, what it was trained and measured on, and its limits.

    Args:
        info: Of the model, without its card.
        counts: Training faces by class.
        form: Format and precision of the file.
        measured: How far the file is from the torch model.
    """
    story, crop = info.story, info.crop
    protocol = story["protocol"]
    settings = ", ".join(f"{key} {value}" for key, value in protocol.items() if key != "name")
    sure = "none" if info.threshold is None else f"{info.threshold:.3f}"
    margins = ", ".join(f"{name} {share:g}" for name, share in crop.margins.items())
    versions = ", ".join(f"{name} {number}" for name, number in story["versions"].items())
    return "\n".join(
        [
            f"# {story['model']} on {story['data']}",
            "",
            f"Tells {len(info.classes)} facial expressions: {', '.join(info.classes)}.",
            f"Run {story['run']}, trained {story['trained']}, {form}. {measured}",
            f"SHA-256 of its configuration: {story['configuration_sha256']}.",
            "",
            "## Data and protocol",
            "",
            f"{story['data']}, protocol {protocol['name']} ({settings}). "
            f"Training faces: {_counted(counts)}.",
            "",
            "## Measured",
            "",
            f"Test part {story['part']}, n = {story['n']:,}, met after training; 95 % intervals by "
            f"bootstrap over its images. Views of each face: {_views(story['views'])}"
            f"{'' if story['views'] == ONE_VIEW else ' (this file takes one)'}. The figures "
            "are the torch model's, ece and nll without the temperature; how this file differs "
            "from it is said above.",
            "",
            "| metric | value | from | to |",
            "| --- | --- | --- | --- |",
            *_rows(story["metrics"], story["intervals"]),
            "",
            "## Input and output",
            "",
            f"uint8 faces of {crop.size[0]} x {crop.size[1]}, {'RGB' if crop.colour else 'gray'}, "
            f"scaled, resized and normalised inside. Boxes grow on each side by a share of their "
            f"side: {margins}. Probabilities at temperature {info.temperature:.3f}; threshold of a "
            f"sure answer: {sure}, both from the validation part, views of each face: "
            f"{_views(story['calibration_views'])}.",
            "",
            "## Limits",
            "",
            *(f"- {line}" for line in _limits(info, counts)),
            "",
            f"Versions: {versions}.",
            "",
        ]
    )


def _views(views: Mapping[str, Any]) -> str:
    """How often, and how, a face was looked at."""
    words = [f"{views['crops']} crops" if views["crops"] > 1 else "one"]
    words += ["mirrored too"] if views["flip"] else []
    return ", ".join(words)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _rows(metrics: Mapping[str, Any], intervals: Mapping[str, Sequence[Any]]) -> list[str]:
    rows = []
    for name in SHOWN:
        numbers = [metrics[name], *intervals[name]]
        cells = ["n/a" if number is None else f"{number:.3f}" for number in numbers]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _limits(info: ModelInfo, counts: Mapping[str, int]) -> list[str]:
    """What a user must know, the rare classes of this very run first."""
    total = sum(counts.values())
    rare = [name for name, count in counts.items() if count < FEW * total]
    lines = []
    if rare:
        lines.append(
            f"Rare in training: {_counted({name: counts[name] for name in rare})}; the model "
            "misses many faces of these, and its figures for them are rough."
        )
    if info.story["data"] == "synthetic":
        lines.append("Trained on drawn faces only: it is for trying things out, not for people.")
    else:
        lines.append(
            "The labels are noisy: people disagree on many of such faces, and copies of training "
            "images may be in the test part; see the run's report."
        )
    return [
        *lines,
        "It tells what a face shows in one picture, posed or not. That is no measurement of what "
        "somebody feels, thinks or intends.",
        "Age groups, skin tones, glasses, masks, profiles and bad light were not measured apart.",
        "Not for decisions about people: not for hiring, teaching marks, credit, policing, border "
        "control, insurance, medical diagnosis, or watching people who have not agreed.",
    ]
