"""What each setting of the processor gains."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from speed.clock import Seconds
from speed.measuring import Bench, Row, epoch_rows, train_timed

DEFAULTS = "as configured"


def measure(bench: Bench) -> list[Row]:
    """Epochs of `fer.train`, one setting changed at a time, in turn."""
    usual = torch.get_num_threads()
    batch = bench.config().data.batch_size
    ways: dict[str, tuple[str, ...]] = {DEFAULTS: (f"trainer.threads={usual}",)}
    ways |= {
        f"trainer.threads={count}": (f"trainer.threads={count}",)
        for count in sorted({1, max(1, usual // 2), 2 * usual} - {usual})
    }
    ways |= {
        setting: (ways[DEFAULTS][0], setting)
        for setting in (
            "trainer.channels_last=true",
            "trainer.channels_last=false",
            "trainer.precision=bf16-mixed",
            "trainer.deterministic=false",  # what repeating bit by bit, as configured, costs
            f"data.batch_size={batch // 2}",
            f"data.batch_size={batch * 2}",
            f"data.batch_size={batch * 4}",
        )
    }
    ways["trainer.compile=true"] = (ways[DEFAULTS][0], "trainer.compile=true")
    if not torch.cuda.is_available():
        ways["without oneDNN"] = ways[DEFAULTS]
    times: dict[str, list[Seconds]] = {way: [] for way in ways}
    for _ in range(bench.rounds):
        for way, overrides in ways.items():
            off = way == "without oneDNN"
            with torch.backends.mkldnn.flags(enabled=False) if off else nullcontext():
                _, epochs = train_timed(bench.config(*overrides))
            times[way] += epochs[1:]
    torch.set_num_threads(usual)
    return epoch_rows("settings", "s an epoch", times, DEFAULTS, "lower is faster")
