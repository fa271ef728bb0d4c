"""A frozen trunk whose outputs are kept: the same training, only sooner done."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
import fer.training.train
from fer.runs.folder import RunFolder
from fer.training.trunk_cache import FOLDER, remove_trunk_outputs
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    assert_same_training,
    cut_short,
    here,
    only_run,
)

FROZEN = (*TINY, UNTRACKED, "model.frozen_stages=5", "optimizer.lr=0.01")
KEPT = (
    *FROZEN,
    "model.trunk_cache=2",
    "trainer.max_epochs=4",
    "augment=strong",
    "model.dropout=0.2",
    "data.oversample={fear:2}",
)


class Seen(NamedTuple):
    """What a batch of training held."""

    epoch: int
    trunk: torch.Tensor
    label: torch.Tensor


class Watch(Callback):
    """Writes down what the head gets, and whether the trunk is asked."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, number: int
    ) -> None:
        self.seen.append(Seen(trainer.current_epoch, batch["trunk"].clone(), batch["label"]))

    def outputs(self, epoch: int) -> torch.Tensor:
        """Of an epoch, `[N, ...]`, sorted, since every epoch has its own order."""
        rows = torch.cat([seen.trunk for seen in self.seen if seen.epoch == epoch])
        return rows[rows.sum(dim=1).argsort()]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Watch]:
    """Four epochs of two variants, undisturbed. Not to be changed."""
    folder, watch = tmp_path_factory.mktemp("kept"), Watch()

    def remove(run: RunFolder) -> None:
        maps = Path("/proc/self/maps")
        assert not maps.exists() or str(run.path / FOLDER) not in maps.read_text()
        remove_trunk_outputs(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.train, "remove_trunk_outputs", remove)
        patch.setattr(fer.training.lightning_trainer, "progress_callbacks", lambda kind: [watch])
        told = here("train", *KEPT, folder=folder)
    assert told.status == 0, told.err
    return Done(folder, KEPT, told), watch


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The same, ended in the middle of the third epoch. Not to be changed."""
    folder = tmp_path_factory.mktemp("halted")
    return Done(folder, KEPT, cut_short(*KEPT, epoch=3, folder=folder))


def files(run: RunFolder) -> list[Path]:
    return sorted((run.path / FOLDER).glob("*/*"))


def test_epochs_take_the_variants_in_turn(watched: tuple[Done, Watch]) -> None:
    _, watch = watched
    assert torch.equal(watch.outputs(0), watch.outputs(2))
    assert torch.equal(watch.outputs(1), watch.outputs(3))
    assert not torch.isclose(watch.outputs(0), watch.outputs(1)).all()
    batches = [seen.trunk for seen in watch.seen if seen.epoch in (0, 2)]
    assert not torch.equal(torch.cat(batches[:3]), torch.cat(batches[3:]))  # shuffled anew


def test_an_oversampled_image_has_variants_of_its_own(watched: tuple[Done, Watch]) -> None:
    _, watch = watched
    fear = [seen.trunk[seen.label == 2] for seen in watch.seen if seen.epoch == 0]
    rows = torch.cat(fear)
    assert len(rows) == 8
    assert len(rows.unique(dim=0)) == 8


def test_says_its_size_and_leaves_nothing(watched: tuple[Done, Watch]) -> None:
    done, watch = watched
    width = watch.seen[0].trunk.shape[1]
    megabytes = 4 * width * (2 * 32 + 14) / 1e6
    assert "2 x 32 training and 14 validation images" in done.told.out
    assert f"{width:,} numbers each: {megabytes:,.1f} MB in " in done.told.out
    assert files(done.run) == []


def test_goes_on_with_what_was_kept(
    halted: Done, watched: tuple[Done, Watch], copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = copy(halted)
    kept = files(done.run)
    assert [path.name for path in kept] == ["training0.npy", "training1.npy", "validation.npy"]

    def never(*arguments: object) -> None:
        raise AssertionError("the trunk was asked again")

    monkeypatch.setattr("fer.training.trunk_cache.write_array", never)
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 0, told.err
    assert_same_training(done.run, watched[0].run)
    assert files(done.run) == []


@pytest.mark.parametrize("loss", ["gone", "cut off", "one bit", "of other weights"])
def test_goes_on_where_what_was_kept_cannot_be_used(
    loss: str, halted: Done, watched: tuple[Done, Watch], copy: Copy
) -> None:
    done = copy(halted)
    first, *_ = files(done.run)
    if loss == "gone":
        shutil.rmtree(first.parent)
    elif loss == "cut off":
        first.write_bytes(first.read_bytes()[:200])
    elif loss == "one bit":
        content = bytearray(first.read_bytes())
        content[len(content) // 2 + 3] ^= 0x40  # of an exponent
        first.write_bytes(content)
    else:
        first.parent.rename(first.parent.with_name("0123456789abcdef"))
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 0, told.err
    assert_same_training(done.run, watched[0].run)


def test_trains_as_without_it(tmp_path: Path) -> None:
    with_it, without = tmp_path / "with", tmp_path / "without"
    with_it.mkdir(), without.mkdir()
    same = (*FROZEN, "augment=none", "model.dropout=0.3", "trainer.max_epochs=2")
    assert here("train", *same, folder=without).status == 0
    told = here("train", *same, "model.trunk_cache=1", folder=with_it)
    assert told.status == 0, told.err
    one, other = only_run(with_it), only_run(without)
    assert one.path.name != other.path.name
    for left, right in zip(one.rows(), other.rows(), strict=True):
        for key in ("train/loss", "validation/loss", "train/accuracy", "validation/accuracy"):
            assert left[key] == pytest.approx(right[key], rel=1e-4)
    left, right = (torch.load(run.last, weights_only=True)["state_dict"] for run in (one, other))
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], rtol=1e-3, atol=1e-5)
    assert not torch.equal(left["network.fc.weight"], torch.zeros_like(left["network.fc.weight"]))


def test_what_is_not_wholly_frozen_is_refused(tmp_path: Path) -> None:
    settings = (*TINY, UNTRACKED, "model.trunk_cache=1", "model.frozen_stages=4")
    told = here("train", *settings, folder=tmp_path)
    assert told.status == 2
    assert "model.trunk_cache=1" in told.err and "model.frozen_stages=5" in told.err
    assert not list(tmp_path.glob("outputs/default/*"))


def test_what_the_disk_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=10_000)
    monkeypatch.setattr("fer.training.trunk_files.shutil.disk_usage", lambda path: free)
    told = here("train", *FROZEN, "model.trunk_cache=2", folder=tmp_path)
    assert told.status == 2
    assert "model.trunk_cache=2 needs" in told.err and "paths.outputs" in told.err
    assert not list(tmp_path.glob("outputs/default/*"))
