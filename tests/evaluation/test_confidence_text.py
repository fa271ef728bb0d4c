"""What reports say in words of how sure a model is."""

from __future__ import annotations

from typing import Any

import pytest

from fer.evaluation.calibration import TEMPERATURES, Calibration
from fer.evaluation.confidence_text import confidence_lines, sure_line


def results(accuracy: float, temperature: float = 1.3) -> dict[str, Any]:
    figures = {"ece": 0.1, "ece_scaled": 0.1, "nll": 1.0, "nll_scaled": 1.0}
    calibration = {"temperature": temperature, **figures}
    return {"part": "test", "metrics": {"accuracy": accuracy}, "calibration": calibration}


@pytest.mark.parametrize(("end", "words"), [(1, "the highest that is tried, 20"), (0, "lowest")])
def test_a_temperature_at_its_bound_is_told(end: int, words: str) -> None:
    bound = TEMPERATURES[end] * (0.9999 if end else 1.0001)
    (line,) = confidence_lines(results(0.5, bound))
    assert words in line
    for threshold in (None, 0.4):
        assert words in sure_line(Calibration(bound, threshold, 0.9, 1, 2))
    assert "that is tried" not in confidence_lines(results(0.5))[0]
    assert "that is tried" not in sure_line(Calibration(1.3, 0.4, 0.9, 1, 2))


def test_where_nothing_varies_the_report_says_what_its_intervals_are() -> None:
    assert "All answers are right" in confidence_lines(results(1.0))[0]
    assert "No answer is right" in confidence_lines(results(0.0))[0]
    assert "Wilson" not in "".join(confidence_lines(results(0.5)))
