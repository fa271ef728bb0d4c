"""Measure an audit stage by stage, from the cache: seconds of processor time on one thread.

python experiments/benchmarks/audit.py path/to/fer2013.zip

The reference is what anything that finds copies must at least do: read every picture from the cache
and hash it by SHA-256 in a plain loop.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir

from fer.auditing.audit import audit
from fer.auditing.contents import pixel_deviations, pixel_statistics
from fer.auditing.copies import Copies
from fer.auditing.leaks import protocol_effects
from fer.auditing.near_copies import NearCopies, find_near_copies
from fer.config import CONF, plain, resolve
from fer.data.cache import open_faces
from fer.data.copies import group_rows
from fer.data.readers.fer2013 import Fer2013Reader

LIMITS = {"near copies": 180.0, "all the rest": 30.0}
"""Seconds that FER2013 may take from the cache."""


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a function returns, and its seconds of processor time: other work does not count."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def main() -> None:
    """Prints seconds of each stage and how often the reference fits into it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zip", type=Path)
    source = parser.parse_args().zip.resolve()
    torch.set_num_threads(1)
    configured = initialize_config_dir(str(CONF), version_base="1.3")
    with tempfile.TemporaryDirectory() as temporary, configured:
        paths = [f"paths.cache={temporary}/cache", f"paths.outputs={temporary}"]
        overrides = ["data=fer2013", f"data.path={source}", "progress=none", *paths]
        config = resolve(compose("audit", overrides))
        settings = plain(config)
        faces = open_faces(Fer2013Reader(source), Path(temporary, "cache"), progress=False)
        _, reference = timed(lambda: {hashlib.sha256(image).digest() for image in faces.images})
        seconds = {"reading and hashing every picture (reference)": reference}
        groups, seconds["exact copies"] = timed(lambda: group_rows(faces.images))
        _, firsts = np.unique(groups, return_index=True)
        near, seconds["near copies, mirrored ones too"] = timed(
            lambda: find_near_copies(faces.images, np.sort(firsts), **settings["near_copies"])
        )
        assert isinstance(near, NearCopies)
        copies = Copies(faces, groups, near)
        _, seconds["pixel statistics"] = timed(
            lambda: (pixel_deviations(faces), pixel_statistics(faces))
        )
        _, seconds["effect of every protocol"] = timed(
            lambda: protocol_effects(copies, settings["protocols"])
        )
        _, whole = timed(lambda: audit(config))
        seconds["the whole audit, lists and page too"] = whole
    for name, passed in seconds.items():
        print(f"{name:<48}{passed:8.2f} s{passed / reference:8.1f} x")
    rest = whole - seconds["near copies, mirrored ones too"]
    for (name, limit), passed in zip(LIMITS.items(), (whole - rest, rest), strict=True):
        print(f"{name}: {passed:.1f} s of at most {limit:.0f}")


if __name__ == "__main__":
    main()
