"""Which face of a frame is which of the frame before: by how much their boxes overlap."""

from __future__ import annotations

from collections.abc import Sequence

from fer.detection import Box
from fer.recognition.recognizer import Face


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 to 1.

    Examples:
        >>> overlap((0, 0, 10, 10), (5, 0, 10, 10))
        0.3333333333333333
    """
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, across) * max(0.0, down)
    union = one[2] * one[3] + other[2] * other[3] - both
    return both / union if union > 0 else 0.0


class Tracker:
    """Gives each face a number that it keeps from frame to frame.

    The pair that overlaps most is matched first; who is left over gets a new number.

    Args:
        least: Overlap from which two boxes are the same face.
        patience: Seconds for which a face that is not found is still waited for.
    """

    def __init__(self, least: float, patience: float) -> None:
        self.least, self.patience = least, patience
        self._last: dict[int, tuple[Box, float]] = {}
        self._next = 0

    def update(self, faces: Sequence[Face], seconds: float) -> list[int]:
        """The number of each face of a frame.

        Args:
            faces: Of the frame.
            seconds: When it was taken; never earlier than the frame before.
        """
        self._last = {
            number: (box, seen)
            for number, (box, seen) in self._last.items()
            if seconds - seen <= self.patience
        }
        pairs = sorted(
            (
                (overlap(box, face.box), number, place)
                for number, (box, _) in self._last.items()
                for place, face in enumerate(faces)
            ),
            reverse=True,
        )
        numbers: dict[int, int] = {}
        for share, number, place in pairs:
            if share >= self.least and place not in numbers and number not in numbers.values():
                numbers[place] = number
        for place, face in enumerate(faces):
            if place not in numbers:
                numbers[place] = self._next
                self._next += 1
            self._last[numbers[place]] = (face.box, seconds)
        return [numbers[place] for place in range(len(faces))]
