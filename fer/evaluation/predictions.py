"""What a model said about every test face: the file all later figures and tables are made from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.errors import DataError, RunError
from fer.writing import aside

_FIXED = ("name", "truth", "predicted")


@dataclass(frozen=True)
class Predictions:
    """True labels and predicted probabilities of N faces.

    Attributes:
        labels: int64 `[N]`, indices into `classes`.
        probabilities: float32 or float64 `[N, K]`, 0 to 1, a row per face.
        classes: Names of the K classes.
        names: str `[N]`, traces each row to its file.

    Raises:
        DataError: Shapes disagree, a label is out of range, or a probability is not in 0 to 1.
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating]
    classes: tuple[str, ...]
    names: NDArray[np.str_]

    def __post_init__(self) -> None:
        n, k = len(self.labels), len(self.classes)
        if self.probabilities.shape != (n, k) or self.names.shape != (n,):
            raise DataError(
                f"{n} labels and {k} classes need probabilities of shape ({n}, {k}) and {n} names, "
                f"not {self.probabilities.shape} and {self.names.shape}."
            )
        if n and (self.labels.min() < 0 or self.labels.max() >= k):
            raise DataError(f"Labels must lie in 0 to {k - 1}: {', '.join(self.classes)}.")
        wrong = ~((self.probabilities >= 0) & (self.probabilities <= 1)).all(axis=1)
        if wrong.any():
            raise DataError(
                f"{wrong.sum()} of {n} faces have a probability that is not a number in 0 to 1, "
                f"the first is {self.names[wrong][0]}. A model that gives such has diverged: "
                "train it with a lower learning rate."
            )

    def __len__(self) -> int:
        """The number of faces, N."""
        return len(self.labels)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """int64 `[N]`: the most probable class of each face."""
        said: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return said

    def save(self, path: Path) -> None:
        """Write `predictions.csv`: name, truth, predicted and a probability for each class.

        Probabilities are written with all their digits, so that `load` gives equal metrics. The
        file is written aside and renamed: a reader never meets half of it.
        """
        with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow([*_FIXED, *self.classes])
            for name, truth, said, row in zip(
                self.names.tolist(),
                self.labels.tolist(),
                self.predicted.tolist(),
                self.probabilities.tolist(),
                strict=True,
            ):
                table.writerow([name, self.classes[truth], self.classes[said], *map(repr, row)])

    @classmethod
    def load(cls, path: Path) -> Predictions:
        """Read a file that `save` wrote; probabilities come back as float64.

        Raises:
            RunError: The file is missing or damaged; the message names the line.
        """
        try:
            with path.open(newline="", encoding="utf-8") as file:
                lines = list(csv.reader(file))
        except FileNotFoundError:
            raise RunError(f"There is no {path}: evaluate the run first.") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise RunError(f"{path} is not a CSV file of predictions: {error}.") from error
        head = tuple(lines[0]) if lines else ()
        classes = head[len(_FIXED) :]
        if head[: len(_FIXED)] != _FIXED or not classes:
            raise RunError(
                f"{path} must begin with the columns {', '.join(_FIXED)} and one per class; "
                f"it begins with: {', '.join(head) or 'nothing'}."
            )
        names, labels, probabilities = [], [], []
        for number, line in enumerate(lines[1:], start=2):
            try:
                name, truth, said, *values = line
                row = [float(value) for value in values]
                labels.append(classes.index(truth))
                if len(row) != len(classes) or row.index(max(row)) != classes.index(said):
                    raise ValueError
            except ValueError:
                raise RunError(
                    f"{path}, row {number} is damaged: {','.join(line)[:120]!r}. "
                    "Evaluate the run again to write the file anew."
                ) from None
            names.append(name)
            probabilities.append(row)
        try:
            return cls(
                labels=np.array(labels, dtype=np.int64),
                probabilities=np.array(probabilities, dtype=np.float64).reshape(-1, len(classes)),
                classes=classes,
                names=np.array(names, dtype=np.str_),
            )
        except DataError as error:
            raise RunError(f"{path} is damaged: {error}") from error
