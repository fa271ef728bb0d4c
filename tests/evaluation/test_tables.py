from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from fer.data.faces import SEVEN
from fer.evaluation.intervals import bootstrap_intervals
from fer.evaluation.metrics import headline, per_class
from fer.evaluation.tables import (
    overall_markdown,
    overall_table,
    per_class_markdown,
    per_class_table,
)


@pytest.fixture
def results(answers: Callable) -> dict:
    found = {}
    for seed, model in enumerate(["resnet18", "efficientnet_lite0"]):
        labels, probabilities = answers(seed, n=400)
        intervals = bootstrap_intervals(labels, probabilities, resamples=50)
        found[model] = (headline(labels, probabilities), intervals)
    return found


def printed(table: Table) -> list[str]:
    text = StringIO()
    Console(file=text, width=80).print(table)
    return text.getvalue().splitlines()


def test_overall_table_fits_80_columns_with_each_row_on_one_line(results: dict) -> None:
    lines = printed(overall_table(results, "synthetic, n = 400"))
    assert max(map(len, lines)) <= 80
    for model, (figures, intervals) in results.items():
        at = next(i for i, line in enumerate(lines) if line.split()[:1] == [model])
        cells = lines[at].split()
        assert len(cells) == 10
        assert cells[4] == "400"
        assert cells[5] == f"{figures['accuracy']:.3f}"
        assert f"{intervals['accuracy'][0]:.3f}" in lines[at + 1]
        assert f"{intervals['accuracy'][1]:.3f}" in lines[at + 2]


def test_undefined_figures_are_said_to_be() -> None:
    labels, probabilities = [0, 0], [[0.9, 0.1], [0.8, 0.2]]
    figures = headline(labels, probabilities)
    assert "n/a" in "".join(printed(overall_table({"m": (figures, {})})))
    assert "nan" not in overall_markdown({"m": (figures, {})})


def test_per_class_table_has_a_row_for_each_class(answers: Callable) -> None:
    rows = per_class(*answers(0), SEVEN)
    lines = printed(per_class_table(rows))
    markdown = per_class_markdown(rows).splitlines()
    for row, written in zip(rows, markdown[2:], strict=True):
        (line,) = [line for line in lines if line.split()[:1] == [row["class"]]]
        expected = [row["class"], *(f"{row[k]:.3f}" for k in ("precision", "recall", "f1"))]
        assert line.split()[:4] == expected
        assert [cell.strip() for cell in written.split("|")][1:5] == expected


def test_markdown_is_rectangular_and_has_intervals(results: dict) -> None:
    lines = overall_markdown({"a|b": results["resnet18"], **results}).splitlines()
    assert len(lines) == 5
    assert {line.replace("\\|", "").count("|") for line in lines} == {11}
    low, high = results["resnet18"][1]["accuracy"]
    assert f"[{low:.3f}, {high:.3f}]" in lines[3]
