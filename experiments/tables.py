"""Write every study's table anew: its claims beside what the run folders say.

python experiments/tables.py [outputs]

Each `experiments/<study>/tables.yaml` names its tables and, per row, a label, the study's claim, a
pattern of run folders under `outputs` and why the two differ. Tables go into the study's README,
between `<!-- table NAME -->` and `<!-- end -->`. A row without a finished run says so.
"""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

from fer.errors import RunError
from fer.evaluation.cautions import find_cautions, marked
from fer.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
NAMES = {
    "accuracy": "accuracy",
    "f1_macro": "macro F1",
    "precision_weighted": "weighted precision",
    "recall_weighted": "weighted recall",
    "f1_weighted": "weighted F1",
    "auroc_macro": "AUC",
    "binary_accuracy_elementwise": "element-wise binary accuracy",
}
"""Metrics that a table may ask for; `accuracy` comes with its 95 % interval."""


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


def measured(runs: list[RunFolder], metric: str) -> str:
    """One run's figure, or mean and deviation over several, marked where there is a caution."""
    cautions = [caution for run in runs for caution in find_cautions(run.results())]
    return marked(_figure(runs, metric), cautions)


def _figure(runs: list[RunFolder], metric: str) -> str:
    values = [run.results()["metrics"].get(metric) for run in runs]
    if any(value is None for value in values):
        return "not measured"
    if len(runs) > 1:
        spread = f" ± {statistics.stdev(values):.3f}, median {statistics.median(values):.3f}"
        return f"{statistics.mean(values):.3f}{spread} ({len(runs)} runs)"
    text = f"{values[0]:.3f}"
    interval = runs[0].results()["intervals"].get(metric) if metric == "accuracy" else None
    return text if interval is None else f"{text} ({interval[0]:.3f} to {interval[1]:.3f})"


def effort(runs: list[RunFolder]) -> str:
    """Epochs, initial weights and machine time."""
    rows = [run.rows() for run in runs]
    epochs = "/".join(dict.fromkeys(str(len(each)) for each in rows))
    minutes = sum(row["seconds"] for each in rows for row in each) / 60
    model = runs[0].settings["model"]
    weights = str(model.get("weights", "none"))
    weights = weights if weights in ("none", "imagenet") else "a run's"
    frozen = model.get("frozen_stages") or 0
    words = [f"{epochs} epochs", f"weights {weights}", f"{minutes:.0f} min"]
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
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Rewrites the marked tables of every study's README."""
    outputs = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs")
    for source in sorted(HERE.glob("*/tables.yaml")):
        readme = source.with_name("README.md")
        text = readme.read_text(encoding="utf-8")
        for name, story in yaml.safe_load(source.read_text(encoding="utf-8")).items():
            block = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
            if not block.search(text):
                raise SystemExit(f"{readme} has no place for the table {name}")
            written = table(story, outputs).replace("\\", r"\\")
            text = block.sub(rf"\g<1>{written}\g<2>", text)
        readme.write_text(text, encoding="utf-8")
        print(f"written: {readme}")


if __name__ == "__main__":
    main()
