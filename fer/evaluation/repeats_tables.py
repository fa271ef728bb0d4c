"""Tables of several runs together, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from fer.evaluation.cautions import find_cautions, marked
from fer.evaluation.report import described
from fer.evaluation.sweep_jobs import share
from fer.evaluation.tables import per_class_markdown

_FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "bal. acc.",
    "f1_macro": "macro F1",
    "auroc_macro": "AUC",
}
_HEAD = ("run", "n", "epoch", *_FIGURES.values())


def measured_text(results: Mapping[str, Any]) -> str:
    """What a group's headline figures are, such as `5 folds, pooled n = 981`."""
    trials, folds = results["trials"], len({run["fold"] for run in results["runs"]} - {None})
    words = [f"{folds} folds"] if folds else []
    words += [f"{trials} trials"] if trials > 1 else []
    many = f"{' x '.join(words)}, {'pooled ' if folds else ''}n = {results['n']:,}"
    return many if results["complete"] else f"{many}, {len(results['missing'])} runs missing"


def group_notes(results: Mapping[str, Any]) -> list[str]:
    """What a reader must know to read the figures right; warnings first."""
    over, notes = results["spread_over"], list(results["notes"])
    if results["missing"]:
        notes.insert(
            0,
            f"INCOMPLETE: {'; '.join(results['missing'])} missing. All figures are of the other "
            f"{len(results['runs'])} runs" + (", pooled ones too." if results["pooled"] else "."),
        )
    notes.append(f"Deviation is the sample standard deviation over {over} (divided by n - 1).")
    if results["pooled"]:
        notes.append(
            "Pooled: every image is tested once, by the fold that did not train on it, and all "
            "predictions are measured together. The 95 % intervals draw images one by one, as if "
            "no two were of one person; folds share training images, so their deviation is not "
            "that of independent runs."
        )
    if over == "trials":
        notes.append(
            "Trials differ in the seed alone. Each met the test part once, with the epoch that "
            "validation chose; mean, deviation and median are over the trials. Their test images "
            "are the same, so predictions are not pooled over trials."
        )
    return notes


def _rows(results: Mapping[str, Any]) -> list[list[list[str]]]:
    """Blocks of rows: every run, what they have together, and the pooled folds."""
    several, cautions = results["trials"] > 1, find_cautions(results)
    single = []
    for run in results["runs"]:
        words = [f"fold {run['fold']}"] if run["fold"] is not None else []
        words += [f"seed {run['seed']}"] if several else []
        name = marked(", ".join(words), run["cautions"])
        single.append(_row(name, run["metrics"], run["n"], run["epoch"]))
    together = []
    for word in ("mean", "deviation", "median"):
        figures = {name: results["spread"][name][word] for name in _FIGURES}
        name = marked(f"{word} over {results['spread_over']}", cautions)
        together.append(_row(name, figures))
    pooled = []
    for seed, report in results["pooled"].items():
        name = marked(f"pooled, seed {seed}" if several else "pooled", cautions)
        pooled.append(_row(name, report["metrics"], report["n"]))
        for end, name in enumerate(("  95 % from", "       to")):
            ends = {key: bounds[end] for key, bounds in report["intervals"].items()}
            pooled.append(_row(name, ends))
    blocks = [single, pooled, together] if several else [single, together, pooled]
    return [block for block in blocks if block]


def _row(
    name: str, figures: Mapping[str, float], n: int | None = None, epoch: int | None = None
) -> list[str]:
    counts = ["" if count is None else f"{count:,}" for count in (n, epoch)]
    return [name, *counts, *(share(figures[key]) for key in _FIGURES)]


def print_group(results: Mapping[str, Any], name: str) -> None:
    """Prints every run, mean, deviation, median and the pooled folds."""
    table = Table(
        title=f"{described(results)}\n{name}", box=box.SIMPLE_HEAD, title_style="bold", padding=0
    )
    for k, column in enumerate(_HEAD):
        table.add_column(column, justify="right" if k else "left", min_width=5)
    for block in _rows(results):
        for k, row in enumerate(block):
            table.add_row(*row, end_section=k == len(block) - 1)
    console = Console()
    console.print(table)
    warnings = len(results["notes"]) + bool(results["missing"])
    for k, note in enumerate(group_notes(results)):
        console.print(note, style="bold yellow" if k < warnings else None, markup=False)


def group_markdown(results: Mapping[str, Any]) -> str:
    """The same for a paper or an issue thread."""
    rule = ["---", *["---:"] * (len(_HEAD) - 1)]
    rows = [row for block in _rows(results) for row in block]
    table = "".join(f"| {' | '.join(line)} |\n" for line in (_HEAD, rule, *rows))
    parts = [f"# {described(results)}", *group_notes(results), table]
    parts += [
        f"- {words} failed: {' '.join(why.split())}" for words, why in results["missing"].items()
    ]
    for seed, report in results["pooled"].items():
        title = f"Pooled folds, seed {seed}" if results["trials"] > 1 else "Pooled folds"
        parts += [
            f"## {marked(title, find_cautions(results))}",
            per_class_markdown(report["per_class"]),
        ]
    parts.append("![validation accuracy over epochs](curves.png)\n")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"
