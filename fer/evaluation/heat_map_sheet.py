"""A sheet of faces and, below each, where the evidence for the answer lies in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fer.evaluation.figure_style import TEXT, new_figure, save

_GAP, _LINE = 0.06, 0.34  # in sides of a face
_MARGIN, _MIDDLE, _TOP = 0.9, 0.2, 0.3
_NARROWEST, _WIDEST = 7.8, 10.0  # room for the caption's lines; what is read at once
_INCHES = 0.84
"""Of a face's side."""


@dataclass(frozen=True)
class Example:
    """One face.

    Attributes:
        picture: uint8 `[H, W]` or `[H, W, 3]`.
        heat: `[H, W]`, 0 to 1.
        truth: Its class.
        answer: The class that the model gave and the heat map is of.
        probability: Of the answer, 0 to 1.
    """

    picture: NDArray[np.uint8]
    heat: NDArray[np.floating]
    truth: int
    answer: int
    probability: float


def heat_map_sheet(
    examples: Sequence[Example],
    classes: Sequence[str],
    number: int,
    path: Path,
    caption: str = "",
) -> None:
    """A row for each class of the truth: right answers on the left, wrong ones on the right.

    Where rows are short, several stand side by side.

    Args:
        examples: In any order; at most `number` of a class.
        classes: Names of the classes.
        number: Columns; the larger half is for right answers.
        path: PNG to write.
        caption: What was evaluated.
    """
    left = number - number // 2
    step, block = 2 + 2 * _GAP + _LINE, _MARGIN + number * (1 + _GAP) + _MIDDLE
    across = min(len(classes), max(1, int(_WIDEST // block)))
    width = max(_NARROWEST, across * block)
    height = _TOP + math.ceil(len(classes) / across) * step
    figure = new_figure(_INCHES * width, _INCHES * height)
    axes = figure.subplots()
    axes.set_axis_off()
    for words, column in (("right", 0), ("wrong", left)):
        for start in range(across if column < number else 0):
            at = start * block + _MARGIN + column * (1 + _GAP) + (_MIDDLE if column else 0)
            axes.text(at, 0.14, words, fontsize=TEXT + 1, fontweight="bold", va="center")
    for k, name in enumerate(classes):
        top = _TOP + k // across * step + _LINE
        margin = k % across * block + _MARGIN
        axes.text(margin - _MARGIN, top + 1, name, fontsize=TEXT + 1, va="center")
        own = [example for example in examples if example.truth == k]
        for first, offset, right in ((0, 0.0, True), (left, _MIDDLE, False)):
            some = [example for example in own if (example.answer == k) is right]
            for column, example in enumerate(some, start=first):
                _draw(axes, example, classes, margin + column * (1 + _GAP) + offset, top)
            if not some and first < number:
                at = margin + first * (1 + _GAP) + offset
                axes.text(at, top + 1, "none", fontsize=TEXT - 1, va="center", color="#555555")
    axes.set(xlim=(0, width), ylim=(height, 0))
    save(figure, path, caption)


def _draw(axes: Axes, example: Example, classes: Sequence[str], left: float, top: float) -> None:
    """The face under its answer, and the same under its heat map."""
    words = f"{classes[example.answer]}\n{example.probability:.2f}"
    axes.text(left + 0.5, top - 0.03, words, fontsize=TEXT - 2, ha="center", va="bottom")
    where = (left, left + 1, top + 1, top)
    look: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
    axes.imshow(example.picture, extent=where, **look)
    where = (left, left + 1, top + 2 + _GAP, top + 1 + _GAP)
    axes.imshow((0.6 * example.picture).astype(np.uint8), extent=where, **look)
    axes.imshow(
        example.heat, cmap="inferno", vmin=0, vmax=1, alpha=0.6 * example.heat, extent=where
    )
    if example.heat.max() > 0.5:
        axes.contour(
            example.heat,
            levels=[0.5],
            colors="white",
            linewidths=1.0,
            origin="upper",
            extent=(left, left + 1, top + 2 + _GAP, top + 1 + _GAP),
        )
