"""Faults that the fuzzer found: each file is refused in one message that names it."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnx
import pytest
import timm
import torch
from numpy.typing import NDArray
from omegaconf import OmegaConf
from PIL import Image

import fer.data.splits
from fer.assessing.run_model import rebuild
from fer.checks.checker import Checker
from fer.checks.stored import check_stored
from fer.comparing.folders import find
from fer.comparing.runs import read_run
from fer.data.readers import pictures
from fer.data.readers.ferplus_votes import read_votes
from fer.data.readers.pictures import rgb_pixels
from fer.data.splits import Split
from fer.errors import ConfigError, DataError, RunError
from fer.evaluation.predictions import Predictions
from fer.models.weights import file_state, initial_weights
from fer.recognition.engines import OnnxEngine
from fer.recognition.torch_engine import graph_of
from fer.runs.checkpoints import read_checkpoint, resume_point
from fer.runs.folder import RunFolder
from tests.builders import fer2013new_csv
from tests.builders_pictures import class_tree
from tests.builders_runs import make_run
from tests.composing import settings
from tests.data.reading import opened
from tests.recognition.models import brightness_model

DEEP = "[" * 200_000


@pytest.mark.parametrize("votes", ["99999999999999999999999", "1000000000000000"])
def test_votes_that_nobody_could_count(votes: str, tmp_path: Path) -> None:
    path = fer2013new_csv(tmp_path / "fer2013new.csv", per_class=1)
    path.write_text(path.read_text().replace(",6,", f",{votes},", 1))
    with pytest.raises(DataError, match="row 1 has votes that are no counts"):
        read_votes(path)


@pytest.mark.parametrize("line", ["x" * 3000, '"' + "x" * 200_000, "a\0b"])
def test_a_list_to_leave_out_of_lines_that_are_no_names(line: str, tmp_path: Path) -> None:
    class_tree(tmp_path / "faces", ("happy", "sad"), per_class=1)
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(DataError, match=r"list\.txt"):
        opened(tmp_path / "faces", "folder", f"data.exclude={tmp_path / 'list.txt'}")


def test_names_of_files_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = class_tree(tmp_path / "faces", ("happy", "sad"), per_class=2)
    some = next((folder / "happy").glob("*.png"))
    some.rename(folder / "happy" / os.fsdecode(b"gl\xfccklich.png"))
    with pytest.raises(DataError, match=r"gl\\udcfccklich\.png has a name that is not UTF-8"):
        opened(folder, "folder")
    faces = opened(folder, "folder", "data.on_bad_file=skip")
    assert len(faces) == 3
    assert [name for name, _ in faces.bad_files] == ["happy/gl\\udcfccklich.png"]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "1"])
def test_a_picture_in_strips_is_the_same_picture(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65_536, (37, 10), dtype=np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 256, (37, 10, 4), dtype=np.uint8)).convert(mode)
    if mode == "P":
        image.info["transparency"] = 3
    whole = rgb_pixels(image.copy())
    monkeypatch.setattr(pictures, "STRIP_PIXELS", 50)
    assert np.array_equal(rgb_pixels(image.copy()), whole)
    assert whole.shape == (37, 10, 3)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Finished, with few answers."""
    return RunFolder(make_run(tmp_path / "run", 10, names=[f"test/{k}.png" for k in range(21)]))


@pytest.mark.parametrize("content", [DEEP, '{"why": "\\ud800"}', '{"n": 1' + "0" * 5000 + "}"])
@pytest.mark.parametrize("name", ["status.json", "test/metrics.json"])
def test_json_that_python_cannot_use(name: str, content: str, run: RunFolder) -> None:
    (run.path / name).write_text(content)
    with pytest.raises(RunError, match=name):
        read_run(run.path)


def test_whole_numbers_beyond_all_others(run: RunFolder) -> None:
    path = run.test / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n": 10**400}))
    with pytest.raises(RunError, match=r"metrics\.json is damaged: n is not"):
        read_run(run.path)


def test_records_of_jobs_too_deep(tmp_path: Path) -> None:
    jobs = tmp_path / "sweep" / "jobs"
    jobs.mkdir(parents=True)
    (jobs / "0.json").write_text(DEEP)
    assert [each.state for each in find([str(jobs.parent)]).left_out] == ["damaged"]


@pytest.mark.parametrize("content", [DEEP, 'x: "\\ud800"', "x: 1\n" * 400_000, "- 1"])
def test_settings_that_are_none(content: str, run: RunFolder) -> None:
    (run.path / "config.yaml").write_text(content)
    with pytest.raises(RunError, match=r"config\.yaml"):
        _ = run.settings


def test_settings_that_are_not_there(run: RunFolder) -> None:
    (run.path / "config.yaml").write_text("seed: 1\n")
    with pytest.raises(RunError, match=r"config\.yaml lacks model: restore it"):
        _ = run.settings["model"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.size", "large"),
        ("data.size", 10**9),
        ("data.train", 10**12),
        ("data.channels", None),
        ("data", "faces"),
        ("augment.crop.size", [1]),
        ("protocol.name", "mine"),
        ("test_time.crops", 7),
        ("trainer.precision", 1),
    ],
)
def test_settings_of_a_run_that_no_training_takes(key: str, value: Any, tmp_path: Path) -> None:
    chosen = json.loads(json.dumps(settings()))
    run = RunFolder(tmp_path)
    run.create(chosen)
    check_stored(run)
    *groups, leaf = key.split(".")
    node = chosen
    for group in groups:
        node = node[group]
    node[leaf] = value
    run.create(chosen)
    with pytest.raises(RunError, match=rf"config\.yaml is damaged: {key}.*restore it"):
        check_stored(run)


def test_settings_that_came_after_a_run_may_lack(tmp_path: Path) -> None:
    chosen = json.loads(json.dumps(settings()))
    del chosen["data"]["on_device"], chosen["augment"]["mixup"]
    run = RunFolder(tmp_path)
    run.create(chosen)
    check_stored(run)


def test_a_split_that_unpacks_to_too_much(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    Split.load(run.split)
    monkeypatch.setattr(fer.data.splits, "MAX_UNPACKED", 1000)
    with pytest.raises(RunError, match=r"split\.npz"):
        Split.load(run.split)
    assert read_run(run.path).validation is None


def test_predictions_that_are_a_link_to_themselves(run: RunFolder) -> None:
    path = run.test / "predictions.csv"
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(RunError, match=r"predictions\.csv"):
        Predictions.load(path)


STORY: dict[str, Any] = {
    "state_dict": {"weight": torch.zeros(2)},
    "callbacks": {"Recorder": {"middle": None}, "Stop": {"wait_count": 0, "patience": 3}},
    "epoch": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"callbacks": None},
        {"callbacks": {"Stop": 3}},
        {"callbacks": {"Stop": {"wait_count": 1}}},
        {"callbacks": {"Stop": {"wait_count": "x", "patience": 3}}},
        {"callbacks": {"Stop": {"wait_count": torch.ones(2), "patience": torch.ones(3)}}},
        {"epoch": "last"},
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_say_where_it_was(
    change: dict[str, Any], run: RunFolder
) -> None:
    torch.save(STORY, run.best)
    torch.save(STORY | change, run.last)
    path, _, told = resume_point(run)
    assert path == run.best
    assert told is not None and "last.ckpt damaged or missing" in told
    torch.save(STORY | change, run.best)
    with pytest.raises(RunError, match=r"last\.ckpt does not say where the training was"):
        resume_point(run)


def packed(path: Path) -> None:
    """Deflates an archive of torch's, which its own code would unpack to any size."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)


def test_packed_tensors(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"weight": torch.zeros(1_000_000)}}, path)
    assert read_checkpoint(path)["state_dict"]["weight"].shape == (1_000_000,)
    packed(path)
    assert path.stat().st_size < 100_000
    for read in (read_checkpoint, file_state):
        with pytest.raises(RunError, match=r"last\.ckpt"):
            read(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "mine"),
        ("kind", None),
        ("backbone", 3),
        ("dropout", "much"),
        ("head_widths", [10**9, 10**6]),
        ("head_widths", None),
        ("stem_stride", [1]),
    ],
)
def test_hyperparameters_that_make_no_network(key: str, value: Any, tmp_path: Path) -> None:
    model = json.loads(json.dumps(settings("model=resnet50_mlp", "model.backbone=test_resnet")))
    given = {
        "model": model["model"] | {key: value},
        "optimizer": model["optimizer"],
        "scheduler": model["scheduler"],
        "loss": model["loss"],
        "classes": ["happy", "sad"],
        "channels": 1,
        "mean": [0.5],
        "deviation": [0.5],
    }
    with pytest.raises(RunError, match=r"best\.ckpt"):
        rebuild(given, {"weight": torch.zeros(2)}, tmp_path / "best.ckpt")
    with pytest.raises(RunError, match=r"best\.ckpt"):
        rebuild(None, {}, tmp_path / "best.ckpt")


@pytest.mark.parametrize("shape", [(), (3,), (4, 0, 3, 3), (16, 4, 3, 3)], ids=str)
def test_first_layers_that_fit_no_picture(shape: tuple[int, ...], tmp_path: Path) -> None:
    network = timm.create_model("test_resnet", num_classes=7, in_chans=1)
    state: dict[Any, Any] = {**network.state_dict(), 3: torch.zeros(1), "text": "x"}
    first = network.pretrained_cfg["first_conv"] + ".weight"
    state[first] = torch.zeros(shape)
    torch.save(state, tmp_path / "weights.pth")
    report = initial_weights(network, str(tmp_path / "weights.pth"), "test_resnet", 1)
    assert report is not None
    assert any(line.startswith(f"{first} (shape") for line in report.left_out)


def changed(path: Path, change: Any) -> Path:
    """An exported model with something else in it."""
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)
    return path


def _renamed(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = model.graph.node[-1].output[0] = "odds"


def _smaller(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 24


def _fewer_classes(model: onnx.ModelProto) -> None:
    (entry,) = (each for each in model.metadata_props if each.key == "fer.classes")
    entry.value = json.dumps(["happy", "sad"])


@pytest.mark.parametrize("change", [_renamed, _smaller, _fewer_classes])
def test_models_that_do_something_else_than_they_say(change: Any, tmp_path: Path) -> None:
    path = changed(brightness_model(tmp_path / "model.onnx"), change)
    faces: NDArray[np.uint8] = np.zeros((1, 48, 48), dtype=np.uint8)
    with pytest.raises(RunError, match=r"model\.onnx is damaged"):
        OnnxEngine(path)(faces)


def test_a_head_that_is_no_text(tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes().replace(b"# a card", b"# a c\xb2rd"))
    with pytest.raises(RunError, match=r"model\.onnx is no ONNX model"):
        OnnxEngine(path)


def test_a_network_whose_names_are_no_text(tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes().replace(b"logits", b"l\xe4gits"))
    with pytest.raises(RunError, match=r"model\.onnx is "):
        OnnxEngine(path)


def test_preprocessing_without_a_crop_has_none() -> None:
    told = SimpleNamespace(preprocessing={"size": 48, "channels": 1}, story={}, temperature=1.0)
    assert graph_of(cast(Any, torch.nn.Identity()), cast(Any, told)) is not None


def test_a_name_that_no_file_can_have() -> None:
    assert not RunFolder(Path("x" * 300)).exists()


def test_a_list_where_a_group_of_settings_belongs() -> None:
    check = Checker(OmegaConf.create({"augment": [1, 2]}))
    with pytest.raises(ConfigError, match=r"augment\.flip cannot be|augment cannot be"):
        check.value("augment.flip")


def test_an_entry_of_a_zip_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/happy/Training_1.jpg", b"x")
        archive.writestr("n", b"x")
    path.write_bytes(_without_last_name(path.read_bytes()))
    with zipfile.ZipFile(path) as archive:
        assert "" in archive.namelist()
    with pytest.raises(DataError, match="no pictures under test"):
        opened(path, "fer2013")


def _without_last_name(data: bytes) -> bytes:
    """A zip of two entries, the last of which has a name of one letter, with none."""
    start = data.rindex(b"PK\x01\x02")
    entry = bytearray(data[start : start + 46])
    entry[28:30] = (0).to_bytes(2, "little")
    end = bytearray(data[start + 47 :])
    end[12:16] = (int.from_bytes(end[12:16], "little") - 1).to_bytes(4, "little")
    return data[:start] + bytes(entry) + bytes(end)


def test_a_split_whose_head_never_ends(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run")
    head = b"{'descr': ("
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    with zipfile.ZipFile(path / "split.npz", "w") as archive:
        archive.writestr("validation.npy", array)
    assert read_run(path).validation is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("classes", [1]), ("classes", []), ("temperature", 0), ("threshold", "x"), ("story", [])],
)
def test_models_with_a_senseless_description(key: str, value: Any, tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        (entry,) = (each for each in model.metadata_props if each.key == f"fer.{key}")
        entry.value = json.dumps(value)

    with pytest.raises(RunError, match=r"model\.onnx is damaged"):
        OnnxEngine(changed(brightness_model(tmp_path / "model.onnx"), change))


def test_a_damaged_table_of_a_group(tmp_path: Path) -> None:
    from fer.auditing.audit import _finished_runs

    with (tmp_path / "repeats.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["fold", "run"], [0, "x"]])
    with pytest.raises(RunError, match=r"repeats\.csv is damaged"):
        _finished_runs(str(tmp_path))
