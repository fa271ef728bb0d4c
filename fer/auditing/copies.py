"""Exact and near copies of a data set: how many, across which parts, under which labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.auditing.near_copies import NearCopies, find_near_copies
from fer.data.copies import compare_groups, group_rows
from fer.data.faces import Faces
from fer.data.readers import PARTS

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Which faces are copies of which.

    Attributes:
        faces: All N faces.
        groups: int64 `[N]`: faces of equal pixels have one number.
        near: Pairs of nearly equal faces, one face for each group.
    """

    faces: Faces
    groups: Indices
    near: NearCopies

    @staticmethod
    def find(faces: Faces, cosine: float, distance: float, mirrored: bool) -> Copies:
        """Compares all faces with each other; the arguments are those of `find_near_copies`."""
        groups = group_rows(faces.images)
        _, firsts = np.unique(groups, return_index=True)
        near = find_near_copies(faces.images, np.sort(firsts), cosine, distance, mirrored)
        return Copies(faces, groups, near)

    def in_training(self, tested: Indices, train: Indices) -> tuple[Mask, Mask]:
        """Whether tested faces have an exact copy in training; or only a near one.

        Returns:
            Two bool `[len(tested)]`; no face is in both.
        """
        known = np.zeros(self.groups.max(initial=-1) + 1, dtype=bool)
        known[self.groups[train]] = True
        first, second = self.groups[self.near.first], self.groups[self.near.second]
        near = np.zeros(len(known), dtype=bool)
        near[first[known[second]]] = True
        near[second[known[first]]] = True
        exact = known[self.groups[tested]]
        return exact, near[self.groups[tested]] & ~exact

    def conflicting(self, tested: Indices, train: Indices) -> Mask:
        """Whether tested faces have an exact copy in training under another class."""
        rows, labels = np.concatenate([tested, train]), self.faces.labels
        return compare_groups(self.groups[rows], labels[rows], len(tested)).conflicting

    def members(self) -> list[Indices]:
        """The faces of each group of two and more exact copies, in order of their first face."""
        sizes = np.bincount(self.groups)
        order = np.argsort(self.groups, kind="stable")
        ends = np.cumsum(sizes)
        return [order[end - size : end] for size, end in zip(sizes, ends, strict=True) if size > 1]

    def differ(self, values: NDArray[Any] | None, group: Indices) -> bool:
        """Whether the faces of a group have different values, such as parts or labels."""
        return values is not None and len(np.unique(values[group])) > 1


def exact_summary(copies: Copies) -> dict[str, Any]:
    """Counts of exact copies; a further copy is one that could be removed."""
    faces, groups = copies.faces, copies.members()
    conflicts = [g for g in groups if copies.differ(faces.labels, g)]
    summary = {
        "distinct": int(copies.groups.max(initial=-1) + 1),
        "further": sum(len(group) - 1 for group in groups),
        "groups": len(groups),
        "groups_across_parts": sum(copies.differ(faces.part, group) for group in groups),
        "groups_with_conflicting_labels": len(conflicts),
        "images_with_conflicting_labels": sum(map(len, conflicts)),
        "in_training": _by_part(copies, near=False),
        "by_bytes": None,
    }
    if faces.file_hashes is not None:
        sizes = np.bincount(group_rows(faces.file_hashes))
        summary["by_bytes"] = {
            "distinct": len(sizes),
            "further": int((sizes - 1).sum()),
            "groups": int((sizes > 1).sum()),
        }
    return summary


def near_summary(copies: Copies, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of near copies beside the exact ones, each group of exact copies taken once."""
    near, faces = copies.near, copies.faces
    part, pairs = faces.part, np.stack([near.first, near.second])
    across = 0 if part is None else int((part[near.first] != part[near.second]).sum())
    return {
        "pairs": len(near),
        "mirrored_pairs": int(near.mirrored.sum()),
        "images": len(np.unique(pairs)),
        "pairs_across_parts": across,
        "pairs_with_conflicting_labels": int(conflicting(copies).sum()),
        "in_training": _by_part(copies, near=True),
        "settings": dict(settings),
    }


def conflicting(copies: Copies) -> Mask:
    """Which near copies are under different labels, bool `[P]`."""
    labels, near = copies.faces.labels, copies.near
    differing: Mask = labels[near.first] != labels[near.second]
    return differing


def _by_part(copies: Copies, near: bool) -> dict[str, int]:
    """Faces of each other part of the publisher's that have a copy in its training part."""
    part = copies.faces.part
    if part is None:
        return {}
    train = np.flatnonzero(part == "training")
    return {
        name: int(copies.in_training(np.flatnonzero(part == name), train)[near].sum())
        for name in PARTS
        if name != "training" and (part == name).any()
    }
