"""How strongly pictures are corrupted; no torch here, for checks need it too.

After Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations, 2019: five severities of each kind. The numbers are ours, made for faces of 48 pixels
such that the first is hardly seen and the last leaves an expression just to be told.
"""

from __future__ import annotations

from typing import NamedTuple


class Strengths(NamedTuple):
    """One kind of corruption.

    Attributes:
        measure: What the values measure, for axes and tables.
        values: From weak to strong.
    """

    measure: str
    values: tuple[float, float, float, float, float]


STRENGTHS = {
    "blur": Strengths("deviation of the Gaussian, per cent of the side", (1, 2, 3, 4.5, 6)),
    "noise": Strengths("deviation of the noise, share of 255", (0.02, 0.05, 0.1, 0.15, 0.2)),
    "brightness": Strengths("shift up or down, share of 255", (0.1, 0.2, 0.3, 0.4, 0.5)),
    "jpeg": Strengths("JPEG quality", (50, 30, 20, 10, 5)),
    "occlusion": Strengths("share under a gray square", (0.05, 0.1, 0.2, 0.3, 0.4)),
    "rotation": Strengths("degrees left or right", (5, 10, 20, 30, 45)),
}
