"""Networks that torch compiles."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.end_to_end.commands import TINY, UNTRACKED, here, only_run, runs

COMPILED = (
    *TINY,
    UNTRACKED,
    "model.dropout=0",  # which is drawn otherwise where it is compiled
    "trainer.compile=true",
    "trainer.ema_decay=0.7",
    "scheduler=constant",
)


@pytest.mark.slow
@pytest.mark.skipif(
    not torch.cuda.is_available() and shutil.which("g++") is None,
    reason="torch.compile needs a C++ compiler where there is no GPU",
)
def test_a_compiled_network_learns_the_same_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import compile_fx as inductor  # seconds that only this test needs

    compiled_graphs, compile_graph = [], inductor.compile_fx

    def count(*arguments: Any, **options: Any) -> Any:
        compiled_graphs.append(arguments)
        return compile_graph(*arguments, **options)

    monkeypatch.setattr(inductor, "compile_fx", count)
    for epochs in (1, 2):  # the second goes on from the first's checkpoint
        told = here("train", *COMPILED, f"trainer.max_epochs={epochs}", folder=tmp_path)
        assert told.status == 0, told.err
    assert "going on after epoch 1" in told.out and compiled_graphs
    compiled = only_run(tmp_path)
    usual = (*COMPILED, "trainer.compile=false", "trainer.max_epochs=2", "tag=usual")
    assert here("train", *usual, folder=tmp_path).status == 0
    (eager,) = (run for run in runs(tmp_path) if run.path != compiled.path)
    ours, theirs = (
        torch.load(run.best, weights_only=True)["state_dict"] for run in (compiled, eager)
    )
    assert ours.keys() == theirs.keys()  # a checkpoint opens without compiling
    for one, other in zip(compiled.rows(), eager.rows(), strict=True):
        assert one["train/loss"] == pytest.approx(other["train/loss"], abs=1e-3)
        assert one["validation/loss"] == pytest.approx(other["validation/loss"], abs=1e-3)
