"""Faces on a page: pictures inside the file, each with its words."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from PIL import Image

from fer.auditing.findings import Findings

LARGEST = 96
"""Pixels of a side: larger pictures are scaled down, which keeps the page small."""

IN_A_GROUP = 7
"""Faces of a group that are shown; the others are counted."""


def picture(findings: Findings, face: int, words: str | None = None) -> str:
    """A face over its words: by default its class and part.

    Args:
        findings: Where the face is from.
        face: Its index.
        words: HTML below the picture.
    """
    image = Image.fromarray(np.asarray(findings.faces.images[face]))
    image.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    if words is None:
        words = f"<b>{escape(findings.label(face))}</b>{escape(findings.part(face))}"
    name = escape(str(findings.faces.names[face]))
    return (
        f'<figure class="face"><img src="data:image/png;base64,{data}" alt="{name}" '
        f'title="{name}" width="72" height="72"><figcaption>{words}</figcaption></figure>'
    )


def group(findings: Findings, faces: Sequence[int], words: str = "") -> str:
    """Faces that belong together, in a frame."""
    shown = "".join(picture(findings, face) for face in faces[:IN_A_GROUP])
    rest = len(faces) - IN_A_GROUP
    more = f"<span class=more>and {rest:,} more</span>" if rest > 0 else ""
    below = f'<p class="quiet">{escape(words)}</p>' if words else ""
    return f'<div class="group"><div class="row">{shown}{more}</div>{below}</div>'


def sheet(title: str, words: str, parts: Iterable[str]) -> str:
    """A section of pictures; none where there is nothing to show."""
    body = "".join(parts)
    if not body:
        return ""
    return (
        f'<section><h2>{escape(title)}</h2><p class="lead">{escape(words)}</p>'
        f'<div class="sheet">{body}</div></section>'
    )
