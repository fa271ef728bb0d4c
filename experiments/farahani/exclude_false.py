"""Write the list of false detections that a person would find on the contact sheet.

python experiments/farahani/exclude_false.py stills/true_boxes.csv outputs/cache/<data>/faces.csv \
    false_faces.txt

The study's author removed false detections by hand. Where the true boxes are known, as for
`make_stills.py`, this stands in for that person: a chosen face is false where there is none, or
where its box and the true one overlap by less than a third (intersection over union). Prints how
many were found and how many of these are false for each class.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

OVERLAP = 1 / 3
Box = tuple[float, ...]


def main() -> None:
    """Compare the two tables and write the names of false faces, one a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("true_boxes", type=Path, help="name, x, y, w, h; empty: no face")
    parser.add_argument("faces", type=Path, help="faces.csv of the data set's cache folder")
    parser.add_argument("exclude", type=Path, help="the list to write, for data.exclude")
    chosen = parser.parse_args()
    truth, found = read_boxes(chosen.true_boxes), read_boxes(chosen.faces)
    unknown = sorted(set(found) - set(truth))
    if unknown:
        raise SystemExit(f"{chosen.true_boxes} does not know {unknown[0]} of {chosen.faces}")
    false = {name for name, box in found.items() if box and is_false(box, truth[name])}
    chosen.exclude.write_text("".join(f"{name}\n" for name in sorted(false)), encoding="utf-8")

    print("| class | pictures | with a face | faces found | of these false |")
    print("| --- | --- | --- | --- | --- |")
    classes = sorted({name.split("/")[0] for name in found})
    for expression in (*classes, "all"):
        names = [name for name in found if expression in (name.split("/")[0], "all")]
        counts = (
            len(names),
            sum(bool(truth[name]) for name in names),
            sum(bool(found[name]) for name in names),
            len(false & set(names)),
        )
        print(f"| {expression} | {' | '.join(map(str, counts))} |")


def read_boxes(path: Path) -> dict[str, Box]:
    """Name to x, y, w, h; empty where there is none."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: tuple(float(row[key]) for key in "xywh" if row[key]) for row in rows}


def is_false(found: Box, true: Box) -> bool:
    """Whether a found box is not the true one."""
    return not true or overlap(found, true) < OVERLAP


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, across) * max(0.0, down)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


if __name__ == "__main__":
    main()
