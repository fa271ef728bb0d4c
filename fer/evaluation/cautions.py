"""The visible mark of results whose protocol is broken knowingly, such as people on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer.data.cautions import cautions_among

MARK = " (!)"
"""Follows such a result in every table and figure."""


def marked(text: str, cautions: Sequence[str]) -> str:
    """A text, with the mark where there is anything to be cautious about.

    Examples:
        >>> marked("random_kfold", ["90.0% of the test images ..."]), marked("kfold", [])
        ('random_kfold (!)', 'kfold')
    """
    return f"{text}{MARK}" if cautions else text


def find_cautions(results: Mapping[str, Any]) -> list[str]:
    """What must be known of a result before it is believed.

    Args:
        results: What `metrics.json` holds. Where it was written before cautions were recorded, they
            are found among the notes by their words.
    """
    if "cautions" in results:
        return list(results["cautions"])
    return cautions_among(results.get("notes", ()))
