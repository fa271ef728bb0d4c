"""Write every study's table anew: its claims beside what the run folders say.

python experiments/tables.py [outputs]

Each `experiments/<study>/tables.yaml` names its tables and, per row, a label, the study's claim, a
pattern of run folders under `outputs` and why the two differ. Tables go into the study's README,
between `<!-- table NAME -->` and `<!-- end -->`. A row without a finished run says so. A table with
`classes` has a row per class instead, the mean over the runs of one pattern; one with `curves` has
its rows' learning curves drawn into that file beside the README.
"""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path
from typing import Any

import yaml
from curves import draw_curves

from fer.errors import RunError
from fer.evaluation.cautions import find_cautions, marked
from fer.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
NAMES = {
    "accuracy": "accuracy",
    "accuracy_without": "accuracy without copies",
    "f1_macro": "macro F1",
    "precision_weighted": "weighted precision",
    "recall_weighted": "weighted recall",
    "f1_weighted": "weighted F1",
    "auroc_macro": "AUC",
    "binary_accuracy_elementwise": "element-wise binary accuracy",
    "nll": "test loss",
    "train/loss": "training loss",
    "train/accuracy": "training accuracy",
    "train/dominant_accuracy": "training accuracy (larger share of mixed pictures)",
    "validation/loss": "validation loss",
    "validation/accuracy": "validation accuracy",
}
"""Metrics that a table may ask for; `accuracy` comes with its 95 % interval, and is also counted
without test images that are copies of training images. Those with a slash are of the epoch that was
tested; the training ones are measured as it goes, on augmented images."""

NAMES_OF_CLASS = {"precision": "precision", "recall": "recall", "f1": "F1", "auroc": "AUC"}
"""The same for a table with a row per class."""


def finished(outputs: Path, pattern: str) -> list[RunFolder]:
    """The finished runs that a pattern finds, oldest first."""
    found = []
    for path in outputs.glob(pattern):
        try:
            run = RunFolder.open(path)
            if run.status["state"] == "finished" and run.results():
                found.append(run)
        except RunError:
            continue
    return sorted(found, key=lambda run: str(run.status["started"]))


def figure(run: RunFolder, metric: str) -> float | None:
    """One run's figure: of its test, or of the epoch that was tested."""
    results = run.results()
    if metric == "accuracy_without":
        return (results.get("copies") or {}).get(metric)
    if "/" not in metric:
        return results["metrics"].get(metric)
    return next(row.get(metric) for row in run.rows() if row["epoch"] == results["epoch"])


def measured(runs: list[RunFolder], metric: str) -> str:
    """One run's figure, or mean and deviation over several, marked where there is a caution."""
    cautions = [caution for run in runs for caution in find_cautions(run.results())]
    return marked(_together(runs, metric), cautions)


def _together(runs: list[RunFolder], metric: str) -> str:
    values = [figure(run, metric) for run in runs]
    if any(value is None for value in values):
        return "not measured"
    if len(runs) > 1:
        spread = f" ± {statistics.stdev(values):.3f}, median {statistics.median(values):.3f}"
        return f"{statistics.mean(values):.3f}{spread} ({len(runs)} runs)"
    text, results = f"{values[0]:.3f}", runs[0].results()
    if metric == "accuracy":
        low, high = results["intervals"]["accuracy"]
        return f"{text} ({low:.3f} to {high:.3f})"
    if metric == "accuracy_without":
        low, high = results["copies"]["interval_without"]
        return f"{text} ({low:.3f} to {high:.3f}, n = {results['copies']['n_without']:,})"
    return text


def effort(runs: list[RunFolder]) -> str:
    """Epochs, initial weights and machine time."""
    rows = [run.rows() for run in runs]
    epochs = "/".join(dict.fromkeys(str(len(each)) for each in rows))
    seconds = sum(row["seconds"] for each in rows for row in each)
    time = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    model = runs[0].settings["model"]
    if model["kind"] == "classical":
        return f"fitted once, {time}"
    weights = str(model.get("weights", "none"))
    weights = weights if weights in ("none", "imagenet") else "a run's"
    frozen = model.get("frozen_stages") or 0
    words = [f"{epochs} epoch{'s' if epochs != '1' else ''}", f"weights {weights}", time]
    return ", ".join(words + ([f"{frozen} stages frozen"] if frozen else []))


def table(story: dict[str, Any], outputs: Path) -> str:
    """A study's table as Markdown."""
    metrics = story.get("metrics", ["accuracy"])
    head = [story.get("first", "model"), "claim", *(NAMES[m] for m in metrics)]
    head += ["test", "epochs, weights, time", "why they differ"]
    lines = [head, ["---"] * len(head)]
    for row in story["rows"]:
        runs = finished(outputs, row["runs"])
        if not runs:
            figures, test, cost = ["not run"] * len(metrics), "", ""
        else:
            results = runs[0].results()
            figures = [measured(runs, metric) for metric in metrics]
            test = f"{results['part']}, n = {results['n']:,}"
            cost = effort(runs)
        claim = str(row.get("claim", "none"))
        lines.append([row["label"], claim, *figures, test, cost, row.get("why", "")])
    return written(lines)


def class_table(story: dict[str, Any], outputs: Path) -> str:
    """A table with a row per class: the study's figures, and the mean over the runs measured."""
    runs = finished(outputs, story["runs"])
    names = [NAMES_OF_CLASS[metric] for metric in story["metrics"]]
    head = ["expression", f"claim: {', '.join(names)}", *names, "support"]
    lines = [head, ["---"] * len(head)]
    for name, claim in story["classes"].items():
        found = [row for run in runs for row in run.results()["per_class"] if row["class"] == name]
        means = ["not run"] * len(names)
        if found:
            means = [f"{statistics.mean(r[m] for r in found):.3f}" for m in story["metrics"]]
        lines.append([name, claim, *means, str(found[0]["support"]) if found else ""])
    return written(lines) + (f"\n{_tested(runs)}\n" if runs else "")


def _tested(runs: list[RunFolder]) -> str:
    """How many runs a table of classes is of, and their test."""
    results = runs[0].results()
    views = ", mirrored too" if results["test_time"]["flip"] else ""
    whose = "One run" if len(runs) == 1 else f"Means over {len(runs)} runs"
    return f"{whose}, on {results['part']}, n = {results['n']:,}{views}."


def written(lines: list[list[str]]) -> str:
    """Cells as Markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_tables(study: Path, outputs: Path) -> None:
    """Rewrites the marked tables of a study's README, and draws its curves.

    Raises:
        SystemExit: The README has no place for a table.
    """
    readme = study / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, story in yaml.safe_load((study / "tables.yaml").read_text(encoding="utf-8")).items():
        block = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not block.search(text):
            raise SystemExit(f"{readme} has no place for the table {name}")
        new = class_table(story, outputs) if "classes" in story else table(story, outputs)
        text = block.sub(lambda found, new=new: found[1] + new + found[2], text)
        if "curves" in story:
            found = {row["label"]: finished(outputs, row["runs"]) for row in story["rows"]}
            first = {label: runs[0] for label, runs in found.items() if runs}
            draw_curves(first, study / story["curves"], story.get("claimed", {}))
    readme.write_text(text, encoding="utf-8")
    print(f"written: {readme}")


def main() -> None:
    """Every study of this folder."""
    outputs = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs")
    for source in sorted(HERE.glob("*/tables.yaml")):
        write_tables(source.parent, outputs)


if __name__ == "__main__":
    main()
