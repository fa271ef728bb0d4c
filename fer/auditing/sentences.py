"""What an audit found, in words: the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer.evaluation.cautions import MARK

DRAWN = (
    "drawn faces are alike by construction: most near copies among them are no picture twice, and "
    "none tell anything about photographs"
)


def warnings(story: Mapping[str, Any]) -> list[str]:
    """What must be known before anything else: deviating counts, bad files, blank pictures."""
    told = list(story["notes"])
    if story["data"] == "synthetic":
        told.append(DRAWN)
    if story["bad_files"]:
        told.append(f"{count(story['bad_files'], 'bad file')} left out, listed in bad_files.csv")
    if story["blank"]:
        told.append(
            f"{count(story['blank'], 'picture')} of one gray level throughout, or nearly so: "
            "listed in bad_files.csv"
        )
    return told


def headlines(story: Mapping[str, Any]) -> dict[str, str]:
    """A sentence or two under a few words each."""
    exact, near = story["exact_copies"], story["near_copies"]
    told = {
        **_official(story["protocols"]),
        "exact copies": f"{count(exact['further'], 'further copy', 'further copies')} in "
        f"{count(exact['groups'], 'group')}, {across(exact['groups_across_parts'], story)}"
        + _in_training(exact["in_training"]),
        "conflicting labels": f"{count(exact['groups_with_conflicting_labels'], 'group')} of exact "
        f"copies and {count(near['pairs_with_conflicting_labels'], 'pair')} of near copies are "
        "under different classes",
        "near copies": f"{count(near['pairs'], 'pair')} of {count(near['images'], 'image')} beside "
        f"the exact ones, {across(near['pairs_across_parts'], story)}, {near['mirrored_pairs']:,} "
        "of them mirrored" + _in_training(near["in_training"]),
    }
    if exact["by_bytes"] is not None:
        files = exact["by_bytes"]
        same = files["further"] == exact["further"] and files["groups"] == exact["groups"]
        told["exact copies"] += (
            "; the files' bytes give the same figures"
            if same
            else f"; by the files' bytes {files['further']:,} in {count(files['groups'], 'group')}"
        )
    for key, one, many in (("people", "person", "people"), ("sequences", "sequence", "sequences")):
        if story[key] is not None:
            told[key] = (
                f"{count(story[key]['number'], one, many)}, {story[key]['in_several_parts']:,} of "
                "them in more than one part"
            )
    if story["doubtful_labels"] is not None:
        doubtful = story["doubtful_labels"]
        told["doubtful labels"] = (
            f"{doubtful['candidates']:,} of {doubtful['tested']:,} tested faces, by confident "
            "learning: candidates to look at, not errors"
        )
    return told


def _official(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Test images of the first protocol that applies, which training has met as a copy."""
    row = next((row for row in rows if "why" not in row), None)
    if row is None:
        return {}
    return {
        "known test images": f"{row['exact'] + row['near']:,} of the {row['n']:,} test images of "
        f"protocol {protocol_name(row)} have an exact or near copy in training; "
        f"{row['exact']:,} an exact one, {row['near']:,} only a near one"
    }


def _in_training(parts: Mapping[str, int]) -> str:
    """Faces of the other parts with a copy in training."""
    if not parts:
        return ""
    told = " and ".join(f"{n:,} of part {part}" for part, n in parts.items())
    return f"; {told} have one in training"


def across(number: int, story: Mapping[str, Any]) -> str:
    """How many reach across the publisher's parts."""
    if len(story["counts"]) == 1:
        return "in a data set of one part"
    return f"{number:,} across parts"


def protocol_name(row: Mapping[str, Any]) -> str:
    """A protocol with its test part, and a mark where it knowingly splits people."""
    tested = row["test_part"].removeprefix(f"{row['protocol']} ")
    if row["all_folds"] > row["folds"]:
        tested = f"first {row['folds']} of {row['all_folds']} folds"
    return f"{row['protocol']} ({tested})" + (
        f"{MARK} people on both sides" if row["person"] else ""
    )


def count(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
