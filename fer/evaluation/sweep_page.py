"""The page of a sweep: one HTML file that needs nothing else, for a wide screen or a phone."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from fer.evaluation.cautions import marked
from fer.evaluation.html_page import fill_page
from fer.evaluation.sweep_charts import Point, interval_bar, marker, scale, scatter
from fer.evaluation.sweep_jobs import (
    UNKNOWN,
    Job,
    accuracy_text,
    best,
    count_text,
    groups,
    images_text,
    marked_note,
    percent,
    share,
    spread_text,
    tally,
    time_text,
    varied,
)

_TEMPLATE = Path(__file__).with_name("sweep_page.html")
OVERLAP = (
    "An interval says how far a test accuracy may be off because the test part is only a sample of "
    "faces: intervals made this way hold the accuracy on all such faces in about 95 of 100 cases. "
    "Where the intervals of two jobs overlap widely, these images do not tell the jobs apart; "
    "where they overlap a little, a paired comparison on the same images may. How much another "
    "training seed would move a result is not in them."
)


def page(jobs: Sequence[Job], folder: Path, title: str, command: str) -> str:
    """The whole page.

    Args:
        jobs: All jobs of the sweep, in order.
        folder: Where the page will lie: links to run folders are relative to it.
        title: What was swept.
        command: The command that runs the sweep again.
    """
    measured = groups(jobs)
    return fill_page(
        _TEMPLATE,
        title=escape(title),
        command=escape(command),
        tally=escape(tally(jobs)),
        swept=_swept(jobs),
        best=_best(measured),
        warning=_warning(measured) + _notes(jobs),
        table=_table(jobs, measured, folder),
        charts="".join(_charts(name, members, measured) for name, members in measured.items()),
        failures=_failures(jobs),
        overlap=escape(OVERLAP),
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def _swept(jobs: Sequence[Job]) -> str:
    """What varies between the jobs."""
    return "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(', '.join(values))}</dd>"
        for key, values in varied(jobs).items()
    )


def _best(measured: dict[str, list[Job]]) -> str:
    """A card for the best job of each group of test images."""
    if not measured:
        return '<p class="card quiet">No job has been tested yet.</p>'
    cards = []
    for name, members in measured.items():
        where = f"Test images {name}: " if len(measured) > 1 else "Tested on "
        job = best(members)
        cards.append(
            '<div class="card"><p class="quiet">Best by validation accuracy</p>'
            + (
                f'<p class="big">{percent(job.validation_accuracy)} validation '
                f"<span>{accuracy_text(job)} test</span></p>"
                f"<p>Job {job.number}: <code>{escape(job.words)}</code></p>"
                if job
                else "<p>No finished job has a validation accuracy: none can be called best.</p>"
            )
            + f'<p class="quiet">{where}{escape(images_text(members[0]))}</p></div>'
        )
    return "".join(cards)


def _notes(jobs: Sequence[Job]) -> str:
    """What a reader must know of single jobs, such as people on both sides of a split."""
    told = [marked_note(job, note) for job in jobs for note in job.notes]
    return "".join(f'<p class="warning">{escape(line)}</p>' for line in told)


def _warning(measured: dict[str, list[Job]]) -> str:
    """Said where not all jobs answered the same test images."""
    if len(measured) < 2:
        return ""
    return (
        f'<p class="warning"><strong>These jobs cannot all be ranked together.</strong> They were '
        f"tested on {len(measured)} different sets of images, marked {', '.join(measured)}: "
        "compare jobs of the same letter only.</p>"
    )


def _table(jobs: Sequence[Job], measured: dict[str, list[Job]], folder: Path) -> str:
    """A row for each job."""
    if not jobs:
        return '<p class="quiet">The sweep has no jobs yet.</p>'
    group_of = {job.number: name for name, members in measured.items() for job in members}
    chosen = {job.number for members in measured.values() if (job := best(members))}
    ends = [v for job in jobs if job.accuracy for v in job.accuracy]
    start, end = scale(ends) if ends else (0.0, 1.0)
    rows = []
    for job in jobs:
        letter = f' <b class="tag">{group_of[job.number]}</b>' if job.number in group_of else ""
        cells = {
            "job": _number(job, folder)
            + (' <b class="tag">best</b>' if job.number in chosen else ""),
            "overrides": "".join(f"<code>{escape(o)}</code> " for o in job.overrides)
            or "(defaults)",
            "status": f'<span class="status {escape(job.status)}">{escape(job.status)}</span>',
            "validation": percent(job.validation_accuracy),
            "test accuracy": _accuracy(job, start, end) + (letter if len(measured) > 1 else ""),
            "macro F1": share(job.metrics.get("f1_macro")),
            "parameters": count_text(job.parameters),
            "trained": count_text(job.trained_parameters),
            "per epoch": time_text(job.seconds_per_epoch),
        }
        body = "".join(
            f'<td data-name="{name}"{" class=quiet" if cell == UNKNOWN else ""}>{cell}</td>'
            for name, cell in cells.items()
        )
        rows.append(f"<tr{' class=best' if job.number in chosen else ''}>{body}</tr>")
    head = "".join(f"<th scope=col>{name}</th>" for name in cells).replace(
        "test accuracy",
        f"test accuracy, 95 % interval<span class=ends><i>{100 * start:.0f} %</i>"
        f"<i>{100 * end:.0f} %</i></span>",
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _accuracy(job: Job, start: float, end: float) -> str:
    """Test accuracy drawn and written."""
    if job.accuracy is None:
        return UNKNOWN
    value, low, high = job.accuracy
    bounds = f"<small>{100 * low:.1f} to {100 * high:.1f}</small>" if low < high else ""
    bounds += f"<small>{escape(spread_text(job))}</small>" if job.runs else ""
    told = marked(percent(value), job.cautions)
    return f"{interval_bar(value, low, high, start, end)}<span>{told}{bounds}</span>"


def _number(job: Job, folder: Path) -> str:
    """The number of a job, a link to its run folder where it has one."""
    if not job.folder:
        return str(job.number)
    target = os.path.relpath(Path(job.folder).resolve(), folder.resolve())
    name = escape(Path(job.folder).name)
    return f'<a href="{escape(quote(target))}/" title="{name}">{job.number}</a>'


def _charts(name: str, members: list[Job], measured: dict[str, list[Job]]) -> str:
    """The plots of the jobs that answered the same images."""
    models = list(dict.fromkeys(job.model or "model" for job in members))
    legend = "".join(
        '<li><svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">'
        f"{marker(i)}</svg>{escape(model)}</li>"
        for i, model in enumerate(models)
    )

    def plot(field: str, x_name: str, text: Callable[[float], str], joined: bool = False) -> str:
        points = []
        for job in members:
            x = getattr(job, field)
            if x is not None and math.isfinite(x) and job.accuracy:
                tip = f"job {job.number}: {job.words}\n{accuracy_text(job)}, {x_name} {text(x)}"
                model = job.model or "model"
                mark = marked("", job.cautions).strip()
                points.append(Point(x, *job.accuracy, models.index(model), model, tip, mark))
        if not points:
            return ""
        title = f"Test accuracy against {x_name}"
        drawn = scatter(points, title, x_name, text, joined)
        return f"<figure><figcaption>{title}</figcaption>{drawn}</figure>"

    figures = plot("parameters", "parameters", count_text)
    figures += plot("seconds_per_epoch", "time per epoch", time_text)
    if len({job.frozen_stages for job in members} - {None}) > 1:
        figures += plot("frozen_stages", "frozen stages", lambda x: f"{x:.0f}", joined=True)
    where = f"Test images {name}: {images_text(members[0])}" if len(measured) > 1 else "Plots"
    return (
        f'<section><h2>{escape(where)}</h2><ul class="legend">{legend}</ul>'
        f'<div class="plots">{figures}</div></section>'
    )


def _failures(jobs: Sequence[Job]) -> str:
    """Every error in full."""
    found = "".join(
        f"<article><h3>Job {job.number}: <code>{escape(job.words)}</code></h3>"
        f"<pre>{escape(job.error or 'No reason was recorded.')}</pre></article>"
        for job in jobs
        if job.error or job.status == "failed"
    )
    return f"<section><h2>What failed</h2>{found}</section>" if found else ""
