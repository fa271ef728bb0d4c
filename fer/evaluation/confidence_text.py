"""Lines on a model's sureness for reports and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer.evaluation.calibration import TEMPERATURES, Calibration
from fer.evaluation.precision_recall import mean_precision


def confidence_lines(results: Mapping[str, Any]) -> list[str]:
    """Calibration, selective prediction and average precision, as far as they were measured.

    Args:
        results: What `metrics.json` holds.
    """
    lines = []
    if results["metrics"]["accuracy"] in (0, 1):
        every = "All answers are right" if results["metrics"]["accuracy"] else "No answer is right"
        lines.append(
            f"{every}, and so in every resample: the interval of accuracy and weighted recall is "
            "Wilson's, and an interval of another metric that is a point says nothing."
        )
    if found := results.get("calibration"):
        where = "these very images" if results["part"] == "validation" else "the validation part"
        lines.append(
            f"Calibration: temperature {found['temperature']:.2f}, fitted on {where}, changes ECE "
            f"from {found['ece']:.3f} to {found['ece_scaled']:.3f} and NLL from {found['nll']:.3f} "
            f"to {found['nll_scaled']:.3f}, and no answer.{at_bound(found['temperature'])}"
        )
    if found := results.get("selective"):
        shares = found["accuracy_at"].items()
        told = ", ".join(f"{accuracy:.3f} of {percent} %" for percent, accuracy in shares)
        lines.append(
            f"Accuracy of the surest share of the images: {told}; area under the risk-coverage "
            f"curve {found['aurc']:.3f} (lower is better)."
        )
    if found := results.get("average_precision"):
        lines.append(f"Average precision, mean over classes: {mean_precision(found):.3f}.")
    return lines


def confidence_summary(results: Mapping[str, Any]) -> dict[str, float]:
    """The same as names and values, for a run's record."""
    selective = results["selective"]
    summary = {"aurc": selective["aurc"]}
    summary |= {f"accuracy_at_{at}": value for at, value in selective["accuracy_at"].items()}
    summary["average_precision_macro"] = mean_precision(results["average_precision"])
    kept = ("temperature", "ece_scaled", "nll_scaled")
    return summary | {key: results["calibration"][key] for key in kept}


def at_bound(temperature: float) -> str:
    """A sentence where a temperature is an end of where it was looked for; else empty."""
    low, high = TEMPERATURES
    if temperature <= low * 1.01:
        return (
            f" The temperature is the lowest that is tried, {low:g}: no validation face speaks "
            "against more."
        )
    if temperature >= high * 0.99:
        return (
            f" The temperature is the highest that is tried, {high:g}: how sure this model is says "
            "next to nothing of whether it is right."
        )
    return ""


def sure_line(found: Calibration | None) -> str:
    """What counts as sure, and why."""
    if found is None:
        return "sureness: not known here; it is fitted on a run's own validation part and views"
    wanted = f"{found.sure_accuracy:.0%} of them are right"
    bound = at_bound(found.temperature)
    if found.threshold is None:
        return f"sureness: at no confidence {wanted} on the {found.n:,} validation faces.{bound}"
    return (
        f"sureness: {found.kept:,} of the {found.n:,} validation faces are sure, from confidence "
        f"{found.threshold:.3f} on, after the temperature: {wanted}.{bound}"
    )
