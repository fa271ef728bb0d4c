"""Calm labels: probabilities averaged over the frames of a face, labels that stay for a while."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fer.recognition.recognizer import Face
from fer.recognition.tracking import Tracker

PATIENCE = 1.0
"""Seconds for which a face that is not found is still waited for. Ours."""


@dataclass
class Memory:
    """What is remembered of a face.

    Attributes:
        face: As it was last shown.
        seen: When it was last found, in seconds.
        since: When its label was put up.
    """

    face: Face
    seen: float
    since: float


class Smoother:
    """Exponential smoothing of each tracked face, and labels that are held.

    Args:
        constant: Seconds after which an older frame weighs 1/e, however many frames there are in
            a second; 0 takes each frame alone.
        hold: Seconds for which a label stays: before another one takes its place, and after its
            face was last found.
        least: Overlap from which two boxes are the same face.
        threshold: Least confidence of a sure answer; None where the model has none.
    """

    def __init__(
        self, constant: float, hold: float, least: float, threshold: float | None = None
    ) -> None:
        self.constant, self.hold, self.threshold = constant, hold, threshold
        self._patience = max(PATIENCE, hold)
        self._tracker = Tracker(least, self._patience)
        self._memories: dict[int, Memory] = {}

    def __call__(self, faces: Sequence[Face], seconds: float) -> list[Face]:
        """What is to be shown.

        Args:
            faces: Of a frame, as recognised.
            seconds: When it was taken; never earlier than the frame before.

        Returns:
            The faces with smoothed probabilities and held labels, then those that have just gone.
        """
        numbers = self._tracker.update(faces, seconds)
        for number, face in zip(numbers, faces, strict=True):
            self._memories[number] = self._remember(self._memories.get(number), face, seconds)
        self._memories = {
            number: memory
            for number, memory in self._memories.items()
            if seconds - memory.seen <= self._patience
        }
        gone = [
            number
            for number, memory in self._memories.items()
            if number not in numbers and seconds - memory.seen < self.hold
        ]
        return [self._memories[number].face for number in (*numbers, *gone)]

    def _remember(self, before: Memory | None, face: Face, seconds: float) -> Memory:
        if before is None:
            return Memory(face, seconds, seconds)
        passed = max(0.0, seconds - before.seen)
        old = math.exp(-passed / self.constant) if self.constant > 0 else 0.0
        shares = {
            name: old * before.face.probabilities[name] + (1 - old) * share
            for name, share in face.probabilities.items()
        }
        label, since = before.face.label, before.since
        likeliest = max(shares, key=lambda name: shares[name])
        if likeliest != label and seconds - since >= self.hold:
            label, since = likeliest, seconds
        sure = None if self.threshold is None else shares[label] >= self.threshold
        return Memory(replace(face, probabilities=shares, label=label, sure=sure), seconds, since)
