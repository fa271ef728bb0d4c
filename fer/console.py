"""What the commands print."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection

from fer.evaluation.report import described, print_report
from fer.extending.plugins import named
from fer.runs.folder import RunFolder


def say(quiet: bool, *lines: str | None) -> None:
    """Prints the lines there are, unless asked to be quiet."""
    for line in lines:
        if line and not quiet:
            print(line, flush=True)


def show(run: RunFolder, told: Collection[str] = ()) -> None:
    """Prints a finished run's table and what to do next, without notes that were told before."""
    results = run.results()
    title = f"Test: {described(results)}, epoch {results['epoch']}"
    print_report(results, title, run.path.name)
    for note in results["notes"]:
        if note not in told:
            print(note)
    print(f"run folder: {run.path}")
    several = f"'plugins=[{','.join(named())}]'"  # brackets are the shell's unless quoted
    plugins = [several] if len(named()) > 1 else [f"plugins={each}" for each in named()]
    print(" ".join(["next: python -m fer.evaluate", f"run={run.path}", *plugins]))
    if run.settings["name"] == "default" and run.settings["data"]["name"] == "synthetic":
        print("      python -m fer.train -m model=resnet18,resnet34,resnet50")


def hush() -> None:
    """Silences Lightning's advice to its own users, who are not this project's.

    A library's log that cannot be written, on a full disk, is no traceback each time either.
    """
    logging.raiseExceptions = False
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    logging.getLogger("huggingface_hub").setLevel(
        logging.CRITICAL
    )  # the error that follows says it
    warnings.filterwarnings("ignore", module="lightning")
