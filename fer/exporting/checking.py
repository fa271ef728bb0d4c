"""Whether an exported file says what the torch model says, on real faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer.recognition.engines import Engine

MOST = 1e-4
"""Largest difference of any probability, of a file in single precision."""

AGREEMENT = 0.97
"""Least share of faces with the same top class, of a file in int8 or fp16."""

LOSS = 0.005
"""Largest loss of accuracy on the validation part, of the same."""

BATCH = 64


@dataclass(frozen=True)
class Comparison:
    """How an exported file differs from the torch model.

    Attributes:
        n: Faces of the validation part that both looked at.
        difference: Largest difference of any probability.
        agreement: Share of faces with the same top class.
        accuracies: Of the torch model and of the file.
    """

    n: int
    difference: float
    agreement: float
    accuracies: tuple[float, float]

    @property
    def loss(self) -> float:
        """Accuracy that the file loses; below 0 where it gains."""
        return self.accuracies[0] - self.accuracies[1]

    def holds(self, quantised: bool) -> bool:
        """Whether the file may be kept."""
        if quantised:
            return self.agreement >= AGREEMENT and self.loss < LOSS
        return self.difference < MOST

    def text(self) -> str:
        """The figures in a sentence."""
        before, after = self.accuracies
        return (
            f"Against torch on {self.n:,} validation faces: probabilities differ by at most "
            f"{self.difference:.2g}, {self.agreement:.2%} have the same top class, accuracy is "
            f"{before:.4f} by torch and {after:.4f} by this file."
        )


def demands(quantised: bool) -> str:
    """What `Comparison.holds` asks for, in words."""
    if quantised:
        return f"At least {AGREEMENT:.0%} must agree, and less than {LOSS:.1%} accuracy be lost"
    return f"Probabilities must differ by less than {MOST:g}"


def remedies(quantize: str | None, calibration: int, most: int) -> str:
    """What to try where `Comparison.holds` says no.

    Args:
        quantize: As the file was made.
        calibration: Faces that set the ranges of int8.
        most: Faces that there are to set them.
    """
    if quantize == "int8":
        more = min(4 * calibration, most)
        tried = f", or more calibration faces (calibration={more})" if more > calibration else ""
        return f"quantize=fp16, which rounds less, quantize=null, which does not round{tried}"
    if quantize == "fp16":
        return "quantize=null, which does not round"
    return "the other format (onnx, safetensors)"


def answers(engine: Engine, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities `[N, K]` of faces `[N, ...]`, batch by batch."""
    parts = np.array_split(faces, max(1, -(-len(faces) // BATCH)))
    return np.concatenate([engine(part)[0] for part in parts])


def compare(
    torch_says: NDArray[np.float32], file_says: NDArray[np.float32], labels: NDArray[np.int64]
) -> Comparison:
    """Both ways' probabilities `[N, K]` of the same faces, and their labels `[N]`."""
    before, after = torch_says.argmax(axis=1), file_says.argmax(axis=1)
    difference = np.abs(torch_says - file_says).max() if len(labels) else 0.0
    return Comparison(
        n=len(labels),
        # a NaN must not pass as small
        difference=float(np.nan_to_num(difference, nan=np.inf)),
        agreement=float((before == after).mean()),
        accuracies=(float((before == labels).mean()), float((after == labels).mean())),
    )
