"""JSON as every program reads it: it has no word for what is no number."""

from __future__ import annotations

import json
import math
from typing import Any


def without_nan(value: Any) -> Any:
    """The same nested values with None for every number that is not finite.

    Examples:
        >>> without_nan({"ece": float("nan"), "n": [1, 2.5]})
        {'ece': None, 'n': [1, 2.5]}
    """
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any) -> str:
    """Nested dictionaries and lists as indented JSON, null for what is no number."""
    return json.dumps(without_nan(value), indent=2)
