"""What an epoch of each network costs."""

from __future__ import annotations

from speed.clock import Seconds
from speed.measuring import Bench, Row, epoch_rows, train_timed

REFERENCE = "model=resnet18"
NETWORKS = (
    (REFERENCE,),
    (REFERENCE, "model.stem_stride=2"),
    (REFERENCE, "model.stem_stride=2", "trainer.precision=bf16-mixed"),
    (REFERENCE, "model.stem_stride=1"),
    ("model=slim",),
    ("model=efficientnet_lite0",),
    ("model=mobilenetv3",),
)


def measure(bench: Bench) -> list[Row]:
    """Epochs of `fer.train` with each network, in turn."""
    times: dict[str, list[Seconds]] = {" ".join(way): [] for way in NETWORKS}
    for _ in range(bench.rounds):
        for way in NETWORKS:
            _, epochs = train_timed(bench.config(*way))
            times[" ".join(way)] += epochs[1:]
    return epoch_rows("networks", "s an epoch", times, REFERENCE, "lower is faster")
