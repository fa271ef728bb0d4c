"""The pictures on an audit's page: samples, and the worst of each kind of finding."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from fer.auditing.copies import conflicting
from fer.auditing.findings import Findings
from fer.auditing.pictures import group, picture, sheet

_SAMPLES = 7


def sheets(findings: Findings, shown: int) -> str:
    """All sections of pictures.

    Args:
        findings: What was found.
        shown: Pictures, groups or pairs of each kind, at most.
    """
    return "".join(
        (
            _samples(findings),
            _conflicts(findings, shown),
            _doubtful(findings, shown),
            _largest_groups(findings, shown),
            _near(findings, shown),
            _blank(findings, shown),
        )
    )


def _samples(findings: Findings) -> str:
    """Faces of each class, drawn by a fixed seed."""
    rng, rows = np.random.default_rng(0), []
    for label, name in enumerate(findings.faces.classes):
        own = np.flatnonzero(findings.faces.labels == label)
        drawn = rng.permutation(own)[:_SAMPLES].tolist()
        if drawn:
            faces = "".join(picture(findings, face, escape(findings.part(face))) for face in drawn)
            row = f'<div class="row">{faces}</div>'
            rows.append(f'<div class="class"><h3>{escape(name)}</h3>{row}</div>')
    return sheet("Samples", "Faces of each class, drawn at random.", rows)


def _conflicts(findings: Findings, shown: int) -> str:
    """Equal and nearly equal pictures under different classes."""
    copies = findings.copies
    exact = [g for g in copies.members() if copies.differ(findings.faces.labels, g)]
    exact = [_labels_first(findings.faces.labels, g) for g in exact]
    blank = set(findings.blank.tolist())
    exact.sort(key=lambda g: (g[0] in blank, -len(np.unique(findings.faces.labels[g]))))
    first = sheet(
        "One picture, several labels",
        f"Exact copies under different classes, {_of(shown, len(exact))} groups. At most one of "
        "the labels can be learnt, whichever is right.",
        (group(findings, faces.tolist()) for faces in exact[:shown]),
    )
    pairs = np.flatnonzero(conflicting(copies))
    return first + sheet(
        "Nearly one picture, several labels",
        f"Near copies under different classes, {_of(shown, len(pairs))} pairs, nearest first.",
        _pairs(findings, pairs[:shown]),
    )


def _labels_first(labels: NDArray[np.int64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same faces, one of each label before the others."""
    _, first = np.unique(labels[faces], return_index=True)
    return np.concatenate([faces[first], np.delete(faces, first)])


def _largest_groups(findings: Findings, shown: int) -> str:
    """The pictures that are there most often; those across parts first, blank ones last."""
    copies, faces = findings.copies, findings.faces
    groups, blank = copies.members(), set(findings.blank.tolist())
    groups.sort(key=lambda g: (g[0] in blank, not copies.differ(faces.part, g), -len(g)))
    return sheet(
        "Exact copies",
        f"Groups across parts first, then by size, {_of(shown, len(groups))} groups.",
        (group(findings, g.tolist()) for g in groups[:shown]),
    )


def _near(findings: Findings, shown: int) -> str:
    """Near copies from the nearest to the farthest, then the mirrored ones."""
    near = findings.copies.near
    plain, mirrored = np.flatnonzero(~near.mirrored), np.flatnonzero(near.mirrored)
    spread = plain[_spread(len(plain), shown)]
    limit = findings.story["near_copies"]["settings"]["distance"]
    return sheet(
        "Near copies",
        f"From the nearest pair to the farthest that still counts (distance {limit:g}): "
        f"{_of(shown, len(plain))} pairs, evenly spread.",
        _pairs(findings, spread),
    ) + sheet(
        "Mirrored near copies",
        f"The second picture is shown as it is stored; {_of(shown, len(mirrored))} pairs, evenly "
        "spread from the nearest to the farthest.",
        _pairs(findings, mirrored[_spread(len(mirrored), shown)]),
    )


def _doubtful(findings: Findings, shown: int) -> str:
    """Labels that the model doubts most."""
    doubtful = findings.doubtful
    if doubtful is None:
        return ""
    rows = zip(doubtful.faces, doubtful.suggested, doubtful.confidence, strict=True)
    faces = [
        picture(
            findings,
            face,
            f"<b>{escape(findings.label(face))}</b>{confidence:.3f}<br>model: "
            f"{escape(findings.faces.classes[suggested])}",
        )
        for face, suggested, confidence in list(rows)[:shown]
    ]
    return sheet(
        "Doubtful labels",
        "The label, the probability that the model gives it, and what the model says instead: "
        f"{_of(shown, len(doubtful.faces))} candidates, most doubtful first. The model may err.",
        [f'<div class="row wide">{"".join(faces)}</div>'] if faces else [],
    )


def _blank(findings: Findings, shown: int) -> str:
    """Pictures that show nothing."""
    order = findings.blank[np.argsort(findings.deviations[findings.blank], kind="stable")]
    faces = "".join(picture(findings, face) for face in order[:shown])
    return sheet(
        "Pictures that show nothing",
        f"All pixels nearly equal, {_of(shown, len(order))} pictures.",
        [f'<div class="row wide">{faces}</div>'] if faces else [],
    )


def _pairs(findings: Findings, chosen: NDArray[np.int64]) -> list[str]:
    """Pairs of near copies with their distance."""
    near = findings.copies.near
    return [
        group(findings, (int(near.first[k]), int(near.second[k])), f"{near.distance[k]:.2f}")
        for k in chosen
    ]


def _spread(number: int, shown: int) -> Sequence[int] | NDArray[np.int64]:
    """At most `shown` of so many places, evenly from first to last."""
    return np.unique(np.linspace(0, number - 1, min(shown, number)).round().astype(np.int64))


def _of(shown: int, number: int) -> str:
    """How many of how many are shown."""
    return f"{min(shown, number):,} of {number:,}" if number > shown else f"all {number:,}"
