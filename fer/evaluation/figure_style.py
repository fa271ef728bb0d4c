"""One look for all figures: colours for every eye, readable without colour, no global state.

Figures are plain `matplotlib.figure.Figure` objects on the Agg canvas; pyplot is never imported, so
drawing works without a display, in threads, and inside notebooks without side effects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fer.writing import aside

COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
)
"""Okabe and Ito, Color Universal Design, 2008: told apart with any colour vision. Gray is ours."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
TEXT = 9.0
"""Points of ordinary text; figures are drawn at the width they are printed at."""

_DPI = 200


def strokes(k: int) -> dict[str, Any]:
    """Colour, dash and marker of the k-th line, from 0: each alone tells it from its neighbours."""
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": LINES[k % len(LINES)],
        "marker": MARKERS[k % len(MARKERS)],
    }


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width: Inches; 3.5 is a column of a two-column paper, 7 its full width.
        height: Inches.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Give axes their words, quiet spines and a faint grid.

    Args:
        axes: To be dressed.
        title: Above them, to the left.
        x: Below them.
        y: Beside them.
    """
    axes.set_title(title, fontsize=TEXT + 1, loc="left")
    axes.set_xlabel(x, fontsize=TEXT)
    axes.set_ylabel(y, fontsize=TEXT)
    axes.tick_params(labelsize=TEXT - 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#d9d9d9", linewidth=0.6)
    axes.set_axisbelow(True)


def save(figure: Figure, path: Path, caption: str = "") -> None:
    """Write a figure as PNG, aside and then renamed, making its folder where needed.

    Args:
        figure: What to write.
        path: Where to.
        caption: What it was measured on, in small letters on top and as the file's description.
    """
    if caption:
        figure.suptitle(caption, fontsize=TEXT - 1, color="#555555")
    told = {"Description": caption} if caption else None
    with aside(path) as part:
        figure.savefig(part, format="png", dpi=_DPI, facecolor="white", metadata=told)
