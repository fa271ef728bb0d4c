from __future__ import annotations

import csv
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fer.evaluation.sweep_charts import Point, scatter
from fer.evaluation.sweep_report import write_sweep_report

NASTY = 'note="<script>alert(1)</script>|`x`&"'
VOID = {"meta", "br", "hr", "img", "link", "input"}


def job(number: int, model: str = "resnet18", frozen: int = 0, **changes: Any) -> dict[str, Any]:
    accuracy = 0.6 + 0.01 * number
    return {
        "number": number,
        "overrides": [f"model={model}", f"model.frozen_stages={frozen}"],
        "status": "finished",
        "error": None,
        "folder": None,
        "metrics": {"accuracy": accuracy, "f1_macro": accuracy - 0.05},
        "intervals": {"accuracy": [accuracy - 0.016, accuracy + 0.016]},
        "validation_accuracy": 0.7 - 0.01 * number,
        "parameters": 11_181_642,
        "trained_parameters": 3_591,
        "seconds_per_epoch": 65.0,
        "seconds": 650.0,
        "epochs": 10,
        "protocol": "official",
        "part": "private",
        "n": 3589,
        "split_hash": "a1b2c3d4e5f6",
        "model": model,
        "frozen_stages": frozen,
        "seed": 0,
        **changes,
    }


def bare(number: int, status: str, **changes: Any) -> dict[str, Any]:
    return {"number": number, "overrides": ["model=vgg19"], "status": status, **changes}


class Page(HTMLParser):
    """The words, tags and table of a page; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text.append(data)
        if "table" in self.open:
            self.rows[-1][-1] += data

    def count(self, tag: str, **attrs: str) -> int:
        return sum(t == tag and attrs.items() <= a.items() for t, a in self.tags)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def report(folder: Path, *jobs: dict[str, Any], command: str = "python -m fer.train -m") -> Page:
    write_sweep_report(jobs, folder, "How deep?", command)
    assert sorted(p.name for p in folder.iterdir()) == ["sweep.csv", "sweep.html", "sweep.md"]
    return Page((folder / "sweep.html").read_text())


def test_no_job_yet(tmp_path: Path) -> None:
    page = report(tmp_path / "sweep")
    assert "0 of 0 jobs finished" in page.words
    assert page.rows == []
    assert page.count("figure") == 0


def test_one_job(tmp_path: Path) -> None:
    page = report(tmp_path, job(0))
    assert "1 of 1 job finished" in page.words
    assert page.count("figure") == 2
    cells = [" ".join(cell.split()) for cell in page.rows[1]]
    assert cells == [
        "0 best",
        "model=resnet18 model.frozen_stages=0",
        "finished",
        "70.0 %",
        "60.0 %58.4 to 61.6",
        "0.550",
        "11.2 M",
        "3.6 k",
        "1 min 05 s",
    ]


def test_a_row_for_every_job_whatever_its_state(tmp_path: Path) -> None:
    states = ["failed", "running", "pending", "interrupted"]
    jobs = [bare(i + 2, state) for i, state in enumerate(states)]
    page = report(tmp_path, *reversed(jobs), job(1), job(0))
    assert [row[0].split()[0] for row in page.rows[1:]] == list("012345")
    assert [row[2] for row in page.rows[3:]] == states
    assert "2 of 6 jobs finished, 1 failed, 1 running, 1 pending, 1 interrupted" in page.words
    assert "No reason was recorded." in page.words


def test_validation_chooses_never_the_test_part(tmp_path: Path) -> None:
    page = report(tmp_path, job(0), job(1), job(2, validation_accuracy=None))
    assert "Best by validation accuracy 70.0 % validation" in page.words
    assert ["best" in row[0] for row in page.rows[1:]] == [True, False, False]
    assert "Best by validation accuracy: job 0" in (tmp_path / "sweep.md").read_text()


def test_without_validation_none_is_best(tmp_path: Path) -> None:
    page = report(tmp_path, job(0, validation_accuracy=None))
    assert "none can be called best" in page.words
    assert page.count("tr", **{"class": "best"}) == 0


def test_everything_is_escaped(tmp_path: Path) -> None:
    error = "Tried <2.00 GiB>\n</pre><script>alert(2)</script>"
    jobs = [
        job(0, model="<b>&m", overrides=[NASTY], protocol="<i>", folder=str(tmp_path / '"><x>')),
        bare(1, "failed", error=error, overrides=[NASTY]),
    ]
    page = report(tmp_path, *jobs, command="x '<script>' $title")
    assert page.count("script") == page.count("i") - 2 == page.count("x") == 0
    assert page.rows[1][1].strip() == NASTY
    assert error in "".join(page.text)
    assert "x '<script>' $title" in page.words


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = report(tmp_path, job(0, folder=str(tmp_path.parent / "runs" / "a b")), job(1))
    text = (tmp_path / "sweep.html").read_text()
    assert not re.search(r"https?:|@import|url\(|src=", text)
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == ["../runs/a%20b/", "sweep.csv"]
    assert page.count("link") == page.count("script") == 0


def test_freezing_depth_is_drawn_only_where_it_varies(tmp_path: Path) -> None:
    assert report(tmp_path, job(0), job(1)).count("figure") == 2
    page = report(tmp_path, job(0), job(1, frozen=2), job(2, "resnet50"), job(3, "resnet50", 2))
    assert page.count("figure") == 3
    assert page.count("polyline") == 2
    assert "model.frozen_stages 0, 2" in page.words


def test_every_point_is_drawn_with_the_marker_of_its_model(tmp_path: Path) -> None:
    page = report(tmp_path, job(0), job(1), job(2, "resnet50"), job(3, "vgg19"))
    for series, points in (("s0", 2), ("s1", 1), ("s2", 1)):
        # one in the legend, and each point in two plots
        assert page.count("path", **{"class": f"mark {series}"}) == 1 + 2 * points
    shapes = {a["d"] for tag, a in page.tags if tag == "path"}
    assert len(shapes) == 3


def test_other_test_images_are_never_ranked_together(tmp_path: Path) -> None:
    assert "cannot all be ranked" not in report(tmp_path, job(0), job(1)).words
    page = report(tmp_path, job(0), job(1), job(2, split_hash="ffee", part="both"))
    assert "cannot all be ranked together" in page.words
    assert [row[4].split()[-1] for row in page.rows[1:]] == ["A", "A", "B"]
    assert page.words.count("Best by validation accuracy") == 2
    assert page.count("figure") == 4
    assert "rank within a group only" in (tmp_path / "sweep.md").read_text()


def test_csv_has_everything_raw(tmp_path: Path) -> None:
    report(tmp_path, job(0), bare(1, "failed", error="a,\nb"))
    with (tmp_path / "sweep.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first["overrides"] == "model=resnet18 model.frozen_stages=0"
    assert float(first["accuracy"]) == 0.6
    assert float(first["accuracy_low"]) == 0.6 - 0.016
    assert first["parameters"] == "11181642"
    assert first["split_hash"] == "a1b2c3d4e5f6"
    assert (second["error"], second["accuracy"], second["parameters"]) == ("a,\nb", "", "")


def test_markdown_is_rectangular(tmp_path: Path) -> None:
    report(tmp_path, job(0, overrides=[NASTY]), bare(1, "failed", error="```\nboom"))
    text = (tmp_path / "sweep.md").read_text()
    rows = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert len({row.count("|") for row in rows}) == 1
    assert "    ```\n    boom" in text


def test_numbers_that_are_not_numbers_do_no_harm(tmp_path: Path) -> None:
    nan = float("nan")
    page = report(
        tmp_path,
        job(0, metrics={"accuracy": nan}, validation_accuracy=nan, seconds_per_epoch=nan),
        job(1, seconds_per_epoch=nan, intervals={}, validation_accuracy=nan),
        job(2, seconds_per_epoch=0.0, parameters=0),
    )
    assert "nan" not in page.words.lower()
    assert "job 2" in page.words.lower()


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_sweep_report([job(0, acuracy=1)], tmp_path, "t", "c")


def test_wide_and_many_jobs_stay_inside_the_plot(tmp_path: Path) -> None:
    jobs = [
        job(i, f"net{i % 11}", i % 6, parameters=10 ** (3 + i % 5), seconds_per_epoch=0.1 * 2**i)
        for i in range(30)
    ]
    page = report(tmp_path, *jobs)
    assert len(page.rows) == 31
    for tag, attrs in page.tags:
        if tag == "line" and "whisker" in (attrs["class"] or "") and "s" in attrs["class"][-2:]:
            assert 46 <= float(attrs["x1"] or 0) <= 380


def test_torch_is_never_imported() -> None:
    code = (
        "import sys, fer.evaluation.sweep_report as r; "
        "sys.exit(bool({'torch', 'matplotlib', 'sklearn', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_many_jobs_at_one_place_stay_in_the_plot() -> None:
    """A step aside for each would leave the plot, and cost the cube of their number."""
    for count in (90, 2_000):
        points = [Point(1.0, 0.5, 0.4, 0.6, 0, "cnn1", "") for _ in range(count)]
        drawn = scatter(points, "accuracy", "parameters", str)
        width = float(re.findall(r'viewBox="0 0 (\d+)', drawn)[0])
        places = [float(x) for x in re.findall(r"translate\(([-\d.]+) ", drawn)]
        assert len(places) == count and 0 < min(places) <= max(places) < width
