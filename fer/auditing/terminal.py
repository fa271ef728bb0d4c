"""An audit on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fer.auditing.findings import Findings
from fer.auditing.leaks import COUNTED
from fer.auditing.sentences import headlines, protocol_name, warnings

UNKNOWN = "n/a"


def print_findings(findings: Findings, folder: Path) -> None:
    """Prints counts, what was found, and each protocol's effect."""
    console, story = Console(), findings.story
    height, width, *colours = story["shape"]
    form = f"{height} x {width} pixels, {'colour' if colours else 'gray'}"
    console.print(f"{story['data']}: {story['images']:,} faces, {form}", style="bold", markup=False)
    console.print(_counts(story))
    for line in warnings(story):
        console.print(f"[bold]note:[/bold] {escape(line)}")
    for name, text in headlines(story).items():
        console.print(f"[bold]{name}:[/bold] {escape(text)}")
    console.print(_protocols(story["protocols"]))
    for row in story["protocols"]:
        if "why" in row:
            console.print(f"{row['protocol']} does not apply: {row['why']}", markup=False)
    console.print(f"page: {folder / 'audit.html'} (also audit.json and CSV lists)", markup=False)


def _counts(story: dict[str, Any]) -> Table:
    """Faces per class and part."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("class")
    for part in story["counts"]:
        table.add_column(part, justify="right")
    for name in story["classes"]:
        table.add_row(name, *(f"{counts[name]:,}" for counts in story["counts"].values()))
    totals = (f"{sum(counts.values()):,}" for counts in story["counts"].values())
    table.add_section()
    table.add_row("all", *totals)
    return table


def _protocols(rows: list[dict[str, Any]]) -> Table:
    """Tested faces that training has met before, for each protocol that applies."""
    title = "Test images that training has met before"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("protocol")
    for column in (
        "test n",
        "exact\ncopy",
        "other\nclass",
        "near\ncopy",
        "same\nperson",
        "same\nsequence",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        if "why" not in row:
            counts = (UNKNOWN if row[key] is None else f"{row[key]:,}" for key in COUNTED)
            table.add_row(protocol_name(row), f"{row['n']:,}", *counts)
    return table
