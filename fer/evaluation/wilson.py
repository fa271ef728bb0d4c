"""An interval of a share of images that the bootstrap cannot give: where all are right, or none."""

from __future__ import annotations

from scipy import stats


def wilson_interval(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (Wilson, Journal of the American Statistical Association 1927).

    Resamples of images that are all right are all right again, so that the bootstrap's interval
    would be a point; 20 right answers of 20 do not prove a model that never errs.

    Args:
        right: Number of images that are right, 0 to n.
        n: Number of images, 1 and more.
        level: Of confidence, above 0 and below 1.

    Examples:
        >>> low, high = wilson_interval(20, 20)
        >>> round(low, 3), high
        (0.839, 1.0)
    """
    found = stats.binomtest(right, n).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)
