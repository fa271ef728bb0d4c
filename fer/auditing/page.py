"""The page of an audit: one HTML file that needs nothing else, for a wide screen or a phone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from fer.auditing.findings import Findings
from fer.auditing.leaks import COUNTED
from fer.auditing.sentences import headlines, protocol_name, warnings
from fer.auditing.sheets import sheets
from fer.evaluation.cautions import MARK
from fer.evaluation.html_page import fill_page
from fer.writing import write_text

_TEMPLATE = Path(__file__).with_name("page.html")
UNKNOWN = "n/a"


def write_page(findings: Findings, folder: Path, shown: int) -> None:
    """Writes `audit.html`, aside and then renamed.

    Args:
        findings: What was found.
        folder: Where the lists are, which the page links to.
        shown: Pictures, groups or pairs of each kind, at most.
    """
    story = findings.story
    height, width, *colours = story["shape"]
    text = fill_page(
        _TEMPLATE,
        title=escape(f"Audit of {story['data']}"),
        tally=f"{story['images']:,} faces, {len(story['classes'])} classes, "
        f"{height} &times; {width} pixels, {'colour' if colours else 'gray'}",
        fingerprint=escape(story["fingerprint"][:16]),
        warnings="".join(f'<p class="warning">{escape(line)}</p>' for line in warnings(story)),
        cards="".join(
            f'<div class="card"><h3>{escape(name.capitalize())}</h3>{_sentence(text)}</div>'
            for name, text in headlines(story).items()
        ),
        protocols=_protocols(story["protocols"]),
        counts=_counts(story["counts"]),
        pixels=_pixels(story["pixels"]),
        sheets=sheets(findings, shown),
        bad_files=_bad_files(findings),
        lists=_lists(folder),
        command=escape(story["command"]),
        seconds=story["seconds"],
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )
    write_text(folder / "audit.html", text)


def _sentence(text: str) -> str:
    """A headline's sentence, its first figure large."""
    number, _, rest = text.partition(" ")
    first, *others = rest.split("; ")
    lines = "".join(f'<p class="quiet">{escape(line)}</p>' for line in others)
    return f'<p><span class="big">{escape(number)}</span> {escape(first)}</p>{lines}'


def _protocols(rows: list[dict[str, Any]]) -> str:
    """A row for each protocol that applies, and why the others do not."""
    head = ("protocol", "test images", *_COLUMNS.values())
    body = "".join(_protocol(row) for row in rows if "why" not in row)
    absent = "".join(
        f"<li><b>{escape(row['protocol'])}</b>: {escape(row['why'])}</li>"
        for row in rows
        if "why" in row
    )
    return (
        f"<table><thead><tr>{''.join(f'<th scope=col>{name}</th>' for name in head)}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
        + (f'<p class="lead">Not for this data set:</p><ul>{absent}</ul>' if absent else "")
    )


_COLUMNS = dict(
    zip(
        COUNTED,
        ("exact copy", "of another class", "near copy only", "same person", "same sequence"),
        strict=True,
    )
)


def _protocol(row: Mapping[str, Any]) -> str:
    """Counts with their shares of the test images."""
    name, _, mark = protocol_name(row).partition(MARK)
    tag = f' <b class="caution">{MARK.strip()}{escape(mark)}</b>' if mark else ""
    cells = [f'<td data-name="protocol">{escape(name)}{tag}</td>']
    cells.append(f'<td data-name="test images">{row["n"]:,}</td>')
    for key, column in _COLUMNS.items():
        number = row[key]
        if number is None:
            cells.append(f'<td data-name="{column}" class="quiet">{UNKNOWN}</td>')
        else:
            share = f"<small>{number / row['n']:.1%}</small>"
            cells.append(f'<td data-name="{column}">{number:,}{share}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _counts(counts: Mapping[str, Mapping[str, int]]) -> str:
    """A card for each class, a bar for each part: its share of the part, on one scale."""
    totals = {part: sum(classes.values()) for part, classes in counts.items()}
    shares = {
        (part, name): number / totals[part]
        for part, classes in counts.items()
        for name, number in classes.items()
    }
    largest = max(shares.values())
    cards = []
    for name in next(iter(counts.values())):
        bars = "".join(
            f"<li><span>{escape(part)}</span><i><b style='width:"
            f"{100 * shares[part, name] / largest:.1f}%'></b></i><span>{classes[name]:,}"
            f" <small>{shares[part, name]:.1%}</small></span></li>"
            for part, classes in counts.items()
        )
        cards.append(f'<div class="card"><h3>{escape(name)}</h3><ul class="bars">{bars}</ul></div>')
    told = ", ".join(f"{part} {total:,}" for part, total in totals.items())
    return (
        f'<p class="lead">In all: {escape(told)}. A bar is the share of a class in a part.</p>'
        f'<div class="cards">{"".join(cards)}</div>'
    )


def _pixels(statistics: Mapping[str, Mapping[str, float]]) -> str:
    """Mean, deviation and extremes of each part's pixels."""
    head = "".join(
        f"<th scope=col>{name}</th>"
        for name in ("part", "mean", "deviation", "black pixels", "white pixels")
    )
    rows = "".join(
        f'<tr><td data-name="part">{escape(part)}</td><td data-name="mean">{s["mean"]:.4f}</td>'
        f'<td data-name="deviation">{s["deviation"]:.4f}</td>'
        f'<td data-name="black pixels">{s["black"]:.2%}</td>'
        f'<td data-name="white pixels">{s["white"]:.2%}</td></tr>'
        for part, s in statistics.items()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _bad_files(findings: Findings) -> str:
    """The first files that were left out."""
    bad = findings.faces.bad_files
    if not bad:
        return ""
    rows = "".join(f"<li><code>{escape(name)}</code>: {escape(why)}</li>" for name, why in bad[:50])
    more = f"<p>and {len(bad) - 50:,} more in bad_files.csv</p>" if len(bad) > 50 else ""
    return f"<section><h2>Files that cannot be used</h2><ul>{rows}</ul>{more}</section>"


def _lists(folder: Path) -> str:
    """Links to the files beside the page."""
    names = ["audit.json", *sorted(path.name for path in folder.glob("*.csv"))]
    return ", ".join(f'<a href="{name}">{name}</a>' for name in names)
