"""A comparison in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fer.comparing.comparison import Comparison
from fer.comparing.tables import row_cells, tags
from fer.comparing.testsets import TestSet
from fer.comparing.words import headlines, images_words, verdict

_COLUMNS = ("validation", "test accuracy", "macro F1", "training")
_VERDICTS = 8
"""So many are printed; the page has them all."""


def print_comparison(comparison: Comparison, folder: Path) -> None:
    """Prints a table for each set of test images, what it says, and where the page is."""
    console = Console()
    for words in comparison.warnings:
        console.print(words, style="bold yellow", markup=False, highlight=False)
    for found in comparison.sets:
        console.print(_table(found, comparison.cost))
        for words in headlines(found, comparison.alpha, comparison.cost):
            console.print(words, markup=False, highlight=False)
        for pair in found.pairs[:_VERDICTS]:
            console.print("-", verdict(pair, comparison.alpha), markup=False, highlight=False)
        if len(found.pairs) > _VERDICTS:
            console.print(f"and {len(found.pairs) - _VERDICTS} more tests on the page")
    if not comparison.sets:
        console.print("No finished run: nothing can be compared yet.")
    console.print(f"page: {folder / 'index.html'} (also comparison.md, .csv, .json)", markup=False)


def _table(found: TestSet, cost: str) -> Table:
    table = Table(
        title=escape(f"{found.letter}: {images_words(found)}"), box=box.SIMPLE_HEAD, padding=0
    )
    table.add_column("run", overflow="fold", min_width=16)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=name not in ("test accuracy", "training"))
    for row in found.rows:
        said = tags(row, found, cost)
        name = escape(row.name) + (f" [bold]{', '.join(said)}[/bold]" if said else "")
        cells = row_cells(row)
        table.add_row(name, *(cells[column] for column in _COLUMNS))
    return table
