"""Wrong settings and bad data end in one message, before anything is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fer.checks.data import DATA_SETS
from fer.data.readers.places import check_place
from fer.errors import DataError
from tests.builders import fer2013_tree, fer2013_zip
from tests.composing import composed
from tests.end_to_end.commands import TINY, Told, contents, here, in_process_of_its_own, runs

Case = tuple[list[str], list[str]]

SETTINGS: dict[str, Case] = {
    "backbone": (["model.backbone=resnet81"], ["model.backbone=resnet81", "resnet18"]),
    "stages": (["model.frozen_stages=9"], ["model.frozen_stages=9", "0 (train all) to 5"]),
    "ratios": (["protocol=holdout", "protocol.ratios=[0.8,0.3]"], ["add up to 1"]),
    "monitor": (["trainer.monitor=test/accuracy"], ["validation/accuracy", "once, at the end"]),
    "weights": (["loss.class_weights=[1,2]"], ["loss.class_weights=[1, 2]", "7 numbers"]),
    "optimizer": (["optimizer.name=adamm"], ["optimizer.name=adamm", "adam"]),
    "added": (["+trainer.max_epoch=3"], ["+trainer.max_epoch=3", "is trainer.max_epochs meant?"]),
    "added twice": (["+optimizer.lr=1"], ["optimizer.lr is a setting already"]),
    "misspelt": (["optimizer.lrr=1"], ["no setting optimizer.lrr", "is optimizer.lr meant?"]),
    "without its group": (["max_epochs=3"], ["is trainer.max_epochs meant?"]),
    "unheard of": (["zzz=1"], ["no setting zzz", "--help"]),
    "a name": (["model.name=resnet34"], ["model.name=resnet34", "choose by model=..."]),
    "another's": (["model.backbone=resnet50"], ["model=resnet50; this is model=resnet18"]),
    "choice": (["model=resnet81"], ["model=resnet81", "is resnet18 meant?", "cnn1, cnn2"]),
    "group": (["modle=resnet18"], ["is model meant?"]),
    "alone": (["fer2013"], ["key=value", "is data=fer2013 meant?"]),
    "no ASCII": (["name=Größe/n"], ["name=Größe/n", "letters"]),
    "a long word": (["a" * 300], ["key=value"]),
    "a bracket": (["optimizer.lr=0.1)"], ["optimizer.lr=0.1)", "number"]),
    "several": (["seed=1,2"], ["-m", "seed=[1,2]"]),
    "several choices": (["model=resnet18,resnet34"], ["-m tries each of several values\n"]),
    "large": (["seed=-1"], ["from 0 to 2,147,483,648"]),
    "half a value": (["data.progressive={0:"], ["{0:", "quote"]),
    "fold of none": (["protocol.fold=all"], ["no setting protocol.fold", "protocol=kfold"]),
    "epochs": (["trainer.max_epochs=0"], ["trainer.max_epochs=0", "from 1"]),
    "shared": (["protocol.test=both"], ["protocol.validation=0.1"]),
    "crops": (["test_time.crops=10"], ["test_time.crops=10", "augment.crop.size"]),
    "name": (["name=a/b"], ["name=a/b", "letters"]),
    "precision": (["trainer.precision=8"], ["trainer.precision=8", "bf16-mixed"]),
    "people": (["protocol=leave_one_subject_out", "protocol.fold=99"], ["use 0 to 3"]),
}

FILES: dict[str, Case] = {
    "no such path": (
        ["data=fer2013", "data.path=/nowhere"],
        ["data.path=/nowhere", "kaggle.com/datasets/msambare/fer2013", "kagglehub"],
    ),
    "nowhere, umlauts": (["data=fer2013", "data.path=gibt es (nicht)/ä"], ["(nicht)/ä does not"]),
    "nothing there": (["data=fer2013"], ["kaggle.com", "kagglehub", "data.path"]),
    "initial weights": (["model.weights=missing.pth"], ["missing.pth"]),
    "class missing": (["data.train=3"], ["no training images of happy, sad, surprise, neutral"]),
}


def one_message(told: Told, status: int, words: list[str]) -> None:
    assert told.status == status, told.err
    assert told.err.startswith("error: ")
    assert len(told.err.splitlines()) == 1
    assert [word for word in words if word not in told.err] == []


def sized(overrides: list[str]) -> list[str]:
    """With the small settings that the chosen data set has, the case's own last."""
    own = ("data.train", "data.validation", "data.test=")
    fer2013 = "data=fer2013" in overrides
    return [a for a in TINY if not (fer2013 and a.startswith(own))] + overrides


@pytest.mark.parametrize("case", SETTINGS)
def test_settings(case: str, tmp_path: Path) -> None:
    overrides, words = SETTINGS[case]
    one_message(here("train", *sized(overrides), folder=tmp_path), 2, words)
    assert not list(tmp_path.glob("outputs/default"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("trainer.accelerator=gpu", "torch finds none on this machine"),
        ("trainer.precision=16-mixed", "needs a GPU; a CPU has bf16-mixed"),
        ("optimizer.name=fusedadam", "cannot be used here"),
        ("optimizer.name=adahessian", "needs second derivatives"),
    ],
)
def test_what_this_machine_has_not(setting: str, why: str, tmp_path: Path) -> None:
    told = here("train", *TINY, setting, folder=tmp_path)
    one_message(told, 2, [setting, why])
    assert not list(tmp_path.glob("outputs/default"))


def test_a_choice_of_a_sweep(tmp_path: Path) -> None:
    told = here("train", *TINY, "-m", "model=resnet18,resnet81", folder=tmp_path)
    one_message(told, 2, ["model=resnet81", "is resnet18 meant?"])
    assert not runs(tmp_path)  # no job begins when one of them cannot


def test_a_setting_of_most_choices(tmp_path: Path) -> None:
    told = here("train", "model=blend", "model.weights=none", folder=tmp_path)
    one_message(told, 2, ["model.weights", "every model has it but blend"])


@pytest.mark.parametrize("case", FILES)
def test_files(case: str, tmp_path: Path) -> None:
    overrides, words = FILES[case]
    told = here("train", *sized(overrides), folder=tmp_path)
    one_message(told, 1, words)
    assert not list(tmp_path.glob("outputs/default"))


@pytest.mark.parametrize("name", [name for name in DATA_SETS if name != "synthetic"])
@pytest.mark.parametrize("path", ["gone", "null"])
def test_missing_data_is_told(name: str, path: str, tmp_path: Path) -> None:
    config = composed(f"data={name}", f"data.path={path}", f"paths.data={tmp_path}")
    with pytest.raises(DataError, match=r"data\.path"):
        check_place(config)


@pytest.mark.parametrize("data", ["fer2013", "jaffe"])
def test_missing_data_is_told_before_torch_is_imported(data: str, tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        f"sys.argv[1:] = ['data={data}', 'data.path=gone']\n"
        "atexit.register(lambda: print(sorted({'torch', 'lightning'} & set(sys.modules))))\n"
        "import fer.train\n"
        "fer.train.main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1 and "data.path=gone does not exist" in told.stderr
    assert told.stdout == "[]\n"


def test_zip_cut_off(tmp_path: Path) -> None:
    path = fer2013_zip(tmp_path / "fer2013.zip")
    path.write_bytes(path.read_bytes()[:-2000])
    told = here("train", *sized(["data=fer2013", f"data.path={path}"]), folder=tmp_path)
    one_message(told, 1, [str(path)])
    assert not list(tmp_path.glob("outputs/default"))


def test_bad_picture_stops_or_is_left_out(tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree", per_class=3)
    bad = min(tree.glob("train/angry/*.jpg"))
    bad.write_bytes(bad.read_bytes()[:100])
    settings = sized(["data=fer2013", f"data.path={tree}", "logger.mode=disabled"])
    one_message(here("train", *settings, folder=tmp_path), 1, [bad.name, "data.on_bad_file=skip"])
    assert not list(tmp_path.glob("outputs/default"))
    told = here("train", *settings, "data.on_bad_file=skip", folder=tmp_path)
    assert told.status == 0, told.err
    assert "images: train 20, validation 21, test 21 (private)" in told.out


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = here("train", *TINY, "paths.outputs=file/outputs", folder=tmp_path)
    one_message(told, 1, ["file/outputs"])
    assert list(contents(tmp_path)) == ["file"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model=resnet19", ["resnet19", "resnet18", "densenet121"]),
        ("trainer.epochs=3", ["trainer.epochs", "epochs"]),
        ("trainer.max_epochs", ["trainer.max_epochs"]),
    ],
)
def test_what_hydra_refuses(override: str, words: list[str], tmp_path: Path) -> None:
    told = here("train", override, folder=tmp_path)
    assert told.status != 0
    assert "Traceback" not in told.err
    assert [word for word in words if word not in told.err] == []
    assert contents(tmp_path) == {}


def test_process_says_it_too(tmp_path: Path) -> None:
    told = in_process_of_its_own("train", "trainer.monitor=test/accuracy", folder=tmp_path)
    one_message(told, 2, ["trainer.monitor=test/accuracy"])
    assert told.out == ""
    assert contents(tmp_path) == {}
