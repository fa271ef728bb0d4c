"""How far a live crop must reach beyond the detector's box to look like a training face.

python experiments/recognition/margin.py <run folder> [--faces 400] [--detectors haar yunet]

Faces of the run's validation part are enlarged and padded, as if somebody stood before a camera,
found by each detector and cut with different margins. The margin with the best accuracy is the one
to keep in conf/margins.yaml. Prints a table, draws margin.png beside this file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from fer import detection
from fer.data.data_sets import build_data
from fer.data.splits import Split
from fer.detection import Detection
from fer.detection.cropping import choose
from fer.evaluation.figure_style import COLOURS, LINES, MARKERS, TEXT, dress, new_figure, save
from fer.recognition.cutting import FaceCutter
from fer.recognition.engines import Engine
from fer.recognition.loading import open_engine
from fer.runs.folder import RunFolder

MARGINS = np.round(np.arange(-0.15, 0.351, 0.05), 2)
SIDE = 192
"""A face of 48 pixels is enlarged to so many: a face at arm's length of a 640 x 480 camera."""
PAD = 96
"""Pixels around it, which repeat its border."""

Pixels = NDArray[np.uint8]


def before_a_camera(face: Pixels) -> Pixels:
    """A gray or RGB face, enlarged and padded, uint8 `[H, W, 3]`."""
    large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
    return np.asarray(wide if wide.ndim == 3 else cv2.cvtColor(wide, cv2.COLOR_GRAY2RGB), np.uint8)


def accuracy(engine: Engine, faces: Sequence[Pixels], labels: NDArray[np.int64]) -> float:
    """Of the engine on faces as it takes them."""
    return float((engine(np.stack(faces))[0].argmax(axis=1) == labels).mean())


def validation_faces(run: RunFolder, count: int) -> tuple[Pixels, NDArray[np.int64]]:
    """Faces of the run's validation part, evenly taken, and their labels."""
    data = build_data(run.settings)
    data.open(progress=False)
    part = Split.load(run.split).validation
    chosen = part[np.linspace(0, len(part) - 1, min(count, len(part))).astype(int)]
    return np.asarray(data.faces.images[chosen]), data.faces.labels[chosen]


def find(detector: str, pictures: Sequence[Pixels]) -> list[Detection | None]:
    """The largest face of each picture; None where there is none."""
    finder = detection.detector(detector, eyes=detector == "yunet")
    found = [finder.detect(picture) for picture in pictures]
    return [choose(faces, "largest", (1, 1)) if faces else None for faces in found]


def main() -> None:
    """Measures, prints and draws."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--faces", type=int, default=400)
    parser.add_argument("--detectors", nargs="+", default=["haar", "yunet"])
    arguments = parser.parse_args()
    run = RunFolder.open(arguments.run)
    engine = open_engine(arguments.run)
    faces, labels = validation_faces(run, arguments.faces)
    pictures = [before_a_camera(face) for face in faces]
    figure = new_figure(5.5, 3.2)
    axes = figure.subplots()
    dress(axes, x="margin on each side, share of the box's side", y="accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    print("| detector | found | the faces themselves | " + " | ".join(f"{m:g}" for m in MARGINS)
          + " | by the eyes |")  # fmt: skip
    print("| --- " * (len(MARGINS) + 4) + "|")
    for k, name in enumerate(arguments.detectors):
        found = find(name, pictures)
        there = [i for i, face in enumerate(found) if face is not None]
        truth = labels[there]
        whole = accuracy(engine, [faces[i] for i in there], truth)

        def cut(cutter: FaceCutter, there: list[int] = there, found: list = found) -> list[Pixels]:
            return [cutter(pictures[i], found[i]) for i in there]

        plan = engine.info.crop
        scores = [accuracy(engine, cut(FaceCutter(plan, name, m)), truth) for m in MARGINS]
        aligned = accuracy(engine, cut(FaceCutter(plan, name, align=True)), truth)
        row = [f"**{s:.3f}**" if s == max(scores) else f"{s:.3f}" for s in scores]
        eyes = f"{aligned:.3f}" if name == "yunet" else "n/a"
        print(
            f"| {name} | {len(there)} of {len(faces)} | {whole:.3f} | {' | '.join(row)} | {eyes} |"
        )
        colour, line = COLOURS[k], LINES[k]
        axes.plot(MARGINS, scores, color=colour, linestyle=line, marker=MARKERS[k], label=name)
        axes.axhline(whole, color=colour, linewidth=0.9, linestyle=":")
    axes.legend(fontsize=TEXT, frameon=False, title="dotted: the faces themselves")
    caption = f"{run.path.name}, {len(faces)} validation faces, enlarged and padded"
    save(figure, Path(__file__).with_name("margin.png"), caption)


if __name__ == "__main__":
    main()
