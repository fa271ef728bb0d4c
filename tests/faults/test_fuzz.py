"""Every reader refuses damaged files in one message or reads them right; see `fuzzing`.

The full count is `python experiments/benchmarks/fuzz.py --count 20000`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.fuzzing.campaign import campaign, table
from tests.faults.fuzzing.watch import MEBIBYTES, SECONDS

COUNT = 300


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is watched by /proc")
def test_damaged_files(tmp_path: Path) -> None:
    rows = campaign(COUNT, keep=tmp_path / "kept")
    assert not any(row.failures for row in rows), table(rows)
    assert all(row.accepted + row.refused == row.inputs > 0 for row in rows)
    assert sum(row.inputs for row in rows) >= 0.9 * COUNT
    assert sum(row.accepted for row in rows) > 20 and sum(row.refused for row in rows) > 20
    assert max(row.seconds for row in rows) < SECONDS
    assert max(row.mebibytes for row in rows) < MEBIBYTES
