"""Settings whose value changes as a training goes on."""

from __future__ import annotations

from collections.abc import Mapping


def value_at(values: Mapping[int, int], epoch: int) -> int:
    """The value that counts in an epoch.

    Args:
        values: From which epoch on each counts, the first from 0.
        epoch: From 0.

    Examples:
        >>> [value_at({0: 40, 2: 48}, epoch) for epoch in range(4)]
        [40, 40, 48, 48]
    """
    return values[max(start for start in values if start <= epoch)]
