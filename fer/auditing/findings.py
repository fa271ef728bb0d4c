"""All that an audit found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.auditing.copies import Copies
from fer.auditing.label_noise import DoubtfulLabels
from fer.data.faces import Faces


@dataclass(frozen=True)
class Findings:
    """What the lists, the page and the terminal tell.

    Attributes:
        story: The figures, as written to `audit.json`.
        copies: Exact and near copies, face by face.
        blank: int64 `[B]`, faces that show nothing.
        deviations: float64 `[N]`, of each face's pixels, in gray levels.
        doubtful: Labels that a run's predictions doubt, if a run was named.
    """

    story: dict[str, Any]
    copies: Copies
    blank: NDArray[np.int64]
    deviations: NDArray[np.float64]
    doubtful: DoubtfulLabels | None

    @property
    def faces(self) -> Faces:
        """The data set."""
        return self.copies.faces

    def label(self, face: int) -> str:
        """The name of a face's class."""
        return self.faces.classes[int(self.faces.labels[face])]

    def part(self, face: int) -> str:
        """The publisher's own part that a face is in; nothing where there are none."""
        return "" if self.faces.part is None else str(self.faces.part[face])

    def describe(self, face: int) -> dict[str, str]:
        """A face in a list: name, part and class, and its person where known."""
        known = {} if self.faces.subject is None else {"person": str(self.faces.subject[face])}
        return {
            "name": str(self.faces.names[face]),
            "part": self.part(face),
            "class": self.label(face),
            **known,
        }
