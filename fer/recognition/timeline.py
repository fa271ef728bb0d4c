"""Expression over time, of a video of any length in a fixed amount of memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.recognition.recognizer import Face
from fer.recognition.sources import Frame

BINS = 512
"""Moments that are kept; where a video has more, neighbours are joined."""


class Timeline:
    """Sums of probabilities over moments of equal length, which doubles when they run out.

    Args:
        classes: Names of the K classes.
        step: Seconds of a moment at the beginning; two frames or more, so that none is empty.
    """

    def __init__(self, classes: Sequence[str], step: float) -> None:
        self.classes, self.step = tuple(classes), step
        self.sums = np.zeros((BINS, len(classes)))
        self.counts = np.zeros(BINS, dtype=np.int64)

    def take(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Adds a frame of a video."""
        if frame.seconds is not None:
            self.add(frame.seconds, faces)

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Adds the faces of a frame."""
        while seconds >= BINS * self.step:
            self._join_neighbours()
        place = int(seconds / self.step)
        for face in faces:
            self.sums[place] += [face.probabilities[name] for name in self.classes]
        self.counts[place] += len(faces)

    def _join_neighbours(self) -> None:
        half = BINS // 2
        for array in (self.sums, self.counts):
            array[:half] = array[::2] + array[1::2]
            array[half:] = 0
        self.step *= 2

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Seconds `[M]` of the moments with a face, and their mean probabilities `[M, K]`."""
        there = np.flatnonzero(self.counts)
        seconds = np.asarray((there + 0.5) * self.step, dtype=np.float64)
        return seconds, self.sums[there] / self.counts[there, None]

    def draw(self, path: Path, caption: str) -> None:
        """Writes the plot as PNG: a line for each expression, a strip of the likeliest below.

        Args:
            path: Where to.
            caption: What was looked at.
        """
        from matplotlib.colors import ListedColormap

        from fer.evaluation.figure_style import TEXT, dress, new_figure, save
        from fer.recognition.drawing import colour_of

        seconds, means = self.means()
        colours = [tuple(part / 255 for part in colour_of(name)) for name in self.classes]
        figure = new_figure(9, 3.4)
        top, strip = figure.subplots(2, 1, sharex=True, height_ratios=(9, 1))
        dress(top, y="probability, mean over faces")
        dress(strip, x="seconds")
        gaps = np.flatnonzero(np.diff(seconds) > 4 * self.step) + 1  # nobody there: no line
        pieces = np.split(np.arange(len(seconds)), gaps)
        for k, name in enumerate(self.classes):
            for number, piece in enumerate(pieces):
                label = name if number == 0 else None
                # a lone moment is a dot
                style = "-" if len(piece) > 1 else "."
                top.plot(seconds[piece], means[piece, k], style, color=colours[k], label=label)
        top.set_ylim(0, 1)
        likeliest = np.full(BINS, np.nan)
        likeliest[np.flatnonzero(self.counts)] = means.argmax(axis=1)
        end = BINS * self.step
        strip.imshow(
            likeliest[None],
            aspect="auto",
            interpolation="nearest",
            extent=(0, end, 0, 1),
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=len(self.classes) - 0.5,
        )
        strip.set_yticks([])
        strip.grid(visible=False)
        strip.set_ylabel("top", fontsize=TEXT - 1)
        if len(seconds):
            top.set_xlim(0, seconds[-1] + self.step / 2)
        else:
            top.text(0.5, 0.5, "No face was found.", transform=top.transAxes, ha="center")
        handles, names = top.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside right upper", fontsize=TEXT, frameon=False)
        save(figure, path, caption)
