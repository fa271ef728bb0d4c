"""The script that writes a study's tables, on a real run folder."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from tests.end_to_end.commands import Done

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

README = """# A study

<!-- table overall -->
old
<!-- end -->

<!-- table expressions -->
<!-- end -->

The end.
"""
TABLES = """
overall:
  metrics: [accuracy, f1_weighted]
  curves: curves.png
  claimed: {train/accuracy: [[10, 0.5], [20, 0.9]]}
  rows:
    - {label: ours, claim: "0.9", runs: "RUN", why: smaller}
    - {label: missing, claim: "0.8", runs: "nowhere/*", why: ""}
expressions:
  metrics: [precision, auroc]
  runs: "RUN"
  classes: {disgust: "0.7, 0.9"}
"""


def test_tables_and_curves_come_from_the_run_folder(
    tables: ModuleType, recorded: Done, tmp_path: Path
) -> None:
    run = recorded.run
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    pattern = f"{run.path.parent.name}/{run.path.name}"
    (tmp_path / "tables.yaml").write_text(TABLES.replace("RUN", pattern), encoding="utf-8")
    tables.write_tables(tmp_path, run.path.parent.parent)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")

    results = run.results()
    ours = next(line for line in text.splitlines() if line.startswith("| ours"))
    assert f"| {results['metrics']['accuracy']:.3f} (" in ours
    assert f"| {results['metrics']['f1_weighted']:.3f} |" in ours
    assert "3 epochs, weights none" in ours
    assert "| missing | 0.8 | not run | not run |" in text
    disgust = next(row for row in results["per_class"] if row["class"] == "disgust")
    assert (
        f"| disgust | 0.7, 0.9 | {disgust['precision']:.3f} | {disgust['auroc']:.3f} "
        f"| {disgust['support']} |"
    ) in text
    assert f"\nOne run, on {results['part']}, n = {results['n']:,}.\n" in text
    assert "old" not in text and text.endswith("The end.\n")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")

    tables.write_tables(tmp_path, run.path.parent.parent)
    again = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert again == text


def test_every_study_has_a_place_for_each_of_its_tables() -> None:
    studies = list(EXPERIMENTS.glob("*/tables.yaml"))
    assert studies
    for source in studies:
        named = re.findall(r"^(\w+):$", source.read_text(encoding="utf-8"), re.MULTILINE)
        readme = source.with_name("README.md").read_text(encoding="utf-8")
        assert set(re.findall(r"<!-- table (\w+) -->", readme)) == set(named)
