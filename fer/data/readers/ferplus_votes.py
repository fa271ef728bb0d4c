"""FER+: ten people's votes on every face of FER2013, and Microsoft's rules to learn from them.

Barsoum, Zhang, Canton Ferrer and Zhang, Training Deep Networks for Facial Expression Recognition
with Crowd-Sourced Label Distribution, 2016, section 3; the rules' details as in the code that
Microsoft published with the votes (`ferplus.py`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.data.readers.fer2013_csv import USAGES
from fer.errors import DataError

VOTED = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
"""What the first columns of votes stand for; behind them come unknown and NF, no face."""

COLUMNS = (
    "Usage",
    "Image name",
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
PUBLISHED = {
    "majority": (25_060, 3_199, 3_153),
    "probability": (27_956, 3_505, 3_505),
    "cross_entropy": (27_956, 3_505, 3_505),
    "multi_target": (27_671, 3_472, 3_472),
}
"""Faces that the rules leave in training, public and private, with contempt."""

MOST_VOTES = 999
"""Of a face for a class; ten people were asked."""

FILE_NAME = "fer2013new.csv"
HOW_TO_GET_IT = (
    f"get {FILE_NAME} from https://github.com/microsoft/FERPlus and set data.votes_path to it, or "
    "put it beside data.path or into the folder of paths.data"
)


@dataclass(frozen=True)
class Votes:
    """The rows of `fer2013new.csv`, in the order of FER2013's own table.

    Attributes:
        part: str `[N]`: training, public or private.
        counts: int64 `[N, 10]`, how many people chose each of `VOTED`, unknown and NF.
    """

    part: NDArray[np.str_]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Ruling:
    """What a mode makes of the votes.

    Attributes:
        kept: bool `[N]`, whether the face is used.
        labels: int64 `[N]`, the winner's index into the classes; of no meaning where not kept.
        targets: float32 `[N, K]`, what training aims at: probabilities, or with multi_target 1 for
            each class that will do; None where it aims at the label.
        shares: float32 `[N, K]`, the share of all voters who chose each class.
    """

    kept: NDArray[np.bool_]
    labels: NDArray[np.int64]
    targets: NDArray[np.float32] | None
    shares: NDArray[np.float32]


def find_votes(path: str | None, data_path: Path, data_dir: Path) -> Path:
    """The file of votes: as set, else beside FER2013, else in the data folder.

    Raises:
        DataError: It is not there; the message says how to get it.
    """
    beside = data_path if data_path.is_dir() else data_path.parent
    places = [Path(path)] if path is not None else [beside / FILE_NAME, data_dir / FILE_NAME]
    for place in places:
        if place.expanduser().is_file():
            return place.expanduser()
    if path is not None:
        raise DataError(f"data.votes_path={path} does not exist: {HOW_TO_GET_IT}")
    raise DataError(f"FER+: no {FILE_NAME} in {beside} or {data_dir}: {HOW_TO_GET_IT}")


def read_votes(path: Path) -> Votes:
    """Reads `fer2013new.csv`.

    Raises:
        DataError: Not that file, or a damaged row.
    """
    parts, counts = [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            if tuple(cell.strip() for cell in next(rows, ())) != COLUMNS:
                raise DataError(
                    f"{path} must begin with the columns {','.join(COLUMNS)}: {HOW_TO_GET_IT}"
                )
            for number, row in enumerate(filter(None, rows), start=1):
                if len(row) != len(COLUMNS) or row[0].strip() not in USAGES:
                    raise DataError(f"{path}: row {number} is damaged: {','.join(row)[:80]!r}")
                votes = [cell.strip() for cell in row[2:]]
                if not all(map(_is_count, votes)):
                    raise DataError(f"{path}: row {number} has votes that are no counts: {votes}")
                parts.append(USAGES[row[0].strip()])
                counts.append([int(vote) for vote in votes])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}): {HOW_TO_GET_IT}") from error
    if not counts:
        raise DataError(f"{path} has no votes: {HOW_TO_GET_IT}")
    return Votes(np.array(parts), np.array(counts, dtype=np.int64))


def _is_count(text: str) -> bool:
    """Whether a cell is a number of votes."""
    digits = text.isdecimal() and text.isascii() and len(text) <= len(str(MOST_VOTES))
    return digits and int(text) <= MOST_VOTES


def judge(counts: NDArray[np.int64], mode: str, classes: tuple[str, ...]) -> Ruling:
    """Applies a mode's rules.

    Single votes are dropped first, whatever the mode. Where several classes have equally many
    votes, the first of `VOTED` is the label. Without contempt among the classes, faces that it
    wins are left out, and its votes are taken out of the other faces' targets.

    Args:
        counts: int `[N, 10]`, as in `Votes`.
        mode: `majority`, `probability`, `cross_entropy` or `multi_target`.
        classes: With or without contempt.
    """
    cleaned = np.where(counts > 1, counts, 0)
    rules = {"majority": _majority, "multi_target": _many}
    chosen = rules.get(mode, _likeliest)(cleaned)
    kept = chosen.any(axis=1)
    winner = np.array([classes.index(c) if c in classes else -1 for c in VOTED])
    labels = winner[chosen.argmax(axis=1)]
    kept &= labels >= 0
    order = [VOTED.index(name) for name in classes]
    chosen = chosen[:, order].astype(np.float64)
    targets = None
    if mode == "multi_target":
        targets = (chosen > 0).astype(np.float32)
    elif mode != "majority":
        targets = (chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    voters = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Ruling(kept, labels, targets, (counts[:, order] / voters).astype(np.float32))


def _majority(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes of the class that has more than half of them, `[N, 8]`; all 0 where none has."""
    most = counts > 0.5 * counts.sum(axis=1, keepdims=True)
    return np.where(most, counts, 0)[:, : len(VOTED)]


def _likeliest(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes of the top classes, down to three quarters of all, `[N, 8]`.

    All 0 where these are more than three classes or hold no more than half of the votes. Nothing
    is taken any more once it is unknown's or NF's turn.
    """
    total = counts.sum(axis=1)
    chosen = np.zeros((len(counts), len(VOTED)), dtype=np.int64)
    taken, number = np.zeros_like(total), np.zeros_like(total)
    open_ = np.ones(len(counts), dtype=bool)
    for votes in range(int(counts.max()), 1, -1):  # classes with equally many come in together
        open_ &= (taken < 0.75 * total) & (number < 3)
        tied = (counts == votes) & open_[:, None]
        chosen += votes * tied[:, : len(VOTED)]
        taken += votes * tied[:, : len(VOTED)].sum(axis=1)
        number += tied[:, : len(VOTED)].sum(axis=1)
        open_ &= ~tied[:, len(VOTED) :].any(axis=1)
    good = (chosen.sum(axis=1) > 0.5 * total) & (number <= 3)
    return np.where(good[:, None], chosen, 0)


def _many(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes of every class that has at least 30 %, `[N, 8]`.

    All 0 where these hold no more than half of the votes, or unknown or NF has most of them.
    """
    total = counts.sum(axis=1, keepdims=True)
    chosen = np.where(counts >= 0.3 * total, counts, 0)
    good = (chosen.sum(axis=1) > 0.5 * total[:, 0]) & (chosen.argmax(axis=1) < len(VOTED))
    return np.where(good[:, None], chosen[:, : len(VOTED)], 0)
