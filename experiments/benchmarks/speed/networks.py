"""What an image costs each network, in the precision and layout in which it was trained."""

from __future__ import annotations

from dataclasses import replace

from speed.clock import Seconds, median
from speed.measuring import Bench, Row, epoch_rows, train_timed

REFERENCE = "model=resnet18"
BF16, LAST = "trainer.precision=bf16-mixed", "trainer.channels_last=true"
NETWORKS = (
    (REFERENCE,),
    (REFERENCE, BF16, LAST),
    (REFERENCE, "model.stem_stride=2"),
    (REFERENCE, "model.stem_stride=2", BF16, LAST),
    (REFERENCE, "model.stem_stride=1"),
    ("model=slim", LAST),
    ("model=efficientnet_lite0", LAST),
    ("model=mobilenetv3", LAST),
    ("model=cnn1", BF16, LAST, "data.batch_size=200"),
)
VALIDATION = 1 / 3
"""Of a training image's cost, about what one costs that is only looked at: no backward pass."""


def measure(bench: Bench) -> list[Row]:
    """Epochs of `fer.train` with each network, in turn; processor time for each image."""
    times: dict[str, list[Seconds]] = {" ".join(way): [] for way in NETWORKS}
    for _ in range(bench.rounds):
        for way in NETWORKS:
            run, epochs = train_timed(bench.config(*way))
            times[" ".join(way)] += epochs[1:]
    images = images_of_an_epoch(run.status["counts"])  # of every network the same
    rows = epoch_rows("networks", "processor ms an image", times, REFERENCE, "lower is faster")
    return [replace(row, value=1000 * median(times[row.what]).busy / images) for row in rows]


def images_of_an_epoch(counts: dict[str, int]) -> float:
    """Those that are learnt from, and the others by their share."""
    return counts["train"] + VALIDATION * counts["validation"]
