"""Code planted in everything that is loaded is never run, and the message names the file."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto

from fer.data.checksums import read_record, write_record
from fer.runs.folder import RunFolder
from fer.training.trunk_files import open_array
from tests.builders_pictures import class_tree, picture
from tests.data.reading import opened
from tests.end_to_end.commands import TINY, UNTRACKED, Told, here, only_run
from tests.faults.planting import as_array, as_arrays, as_pickle, as_torch, as_yaml
from tests.recognition.models import brightness_model

SECRET = "not-to-be-told"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run and a picture. Not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    told = here("train", *TINY, UNTRACKED, folder=folder)
    assert told.status == 0, told.err
    picture(folder / "face.png", 3, 0, (48, 48))
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> RunFolder:
    """A copy of it, free to be changed."""
    shutil.copytree(trained, tmp_path / "copy")
    return only_run(tmp_path / "copy")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "ran"


def commands(run: RunFolder) -> dict[str, list[str]]:
    """Every command that reads a run folder."""
    return {
        "train": ["train", *TINY, UNTRACKED],
        "evaluate": ["evaluate", f"run={run.path}"],
        "predict": ["predict", "source=face.png", f"run={run.path}", "detector=none"],
        "export": ["export", f"run={run.path}", "format=safetensors"],
        "audit": ["audit", f"run={run.path}"],
        "compare": ["compare", str(run.path)],
    }


def ask(run: RunFolder, name: str) -> Told:
    """Runs a command where its run lies."""
    return here(*commands(run)[name], folder=run.path.parents[2])


def refused(told: Told, marker: Path, *words: str) -> None:
    """Nothing was run; the command, or the line that leaves the run out, names the file."""
    assert not marker.exists()
    assert "Traceback" not in told.err
    assert told.err.startswith(("error: ", "left out: ")), told.err
    assert [word for word in words if word not in told.err] == [], told.err


def test_the_planted_code_works(marker: Path) -> None:
    pickle.loads(as_pickle(marker))
    assert marker.is_dir()
    marker.rmdir()
    yaml.unsafe_load(as_yaml(marker))
    assert marker.is_dir()


@pytest.mark.parametrize("name", ["predict", "export"])
def test_best_checkpoint(name: str, run: RunFolder, marker: Path) -> None:
    run.best.write_bytes(as_torch(marker))
    refused(ask(run, name), marker, "best.ckpt holds pickled code")


@pytest.mark.parametrize("name", ["middle.ckpt", "last.ckpt"])
def test_checkpoints_to_go_on_from(name: str, run: RunFolder, marker: Path) -> None:
    run.update(state="interrupted", trained=False)
    (run.checkpoints / name).write_bytes(as_torch(marker))
    refused(ask(run, "train"), marker, f"{name} holds pickled code")


@pytest.mark.parametrize(
    ("form", "name"),
    [(as_torch, "weights.pth"), (as_pickle, "weights.ckpt"), (as_pickle, "weights.safetensors")],
)
def test_weights(
    form: Callable[[Path], bytes], name: str, trained: Path, marker: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(form(marker))
    cached = f"paths.cache={trained / 'outputs' / 'cache'}"
    words = [*TINY, UNTRACKED, cached, f"model.weights={name}"]
    refused(here("train", *words, folder=tmp_path), marker, name)


@pytest.mark.parametrize("suffix", ["onnx", "safetensors", "pth"])
def test_a_pickle_as_a_model(suffix: str, trained: Path, marker: Path) -> None:
    path = marker.with_name(f"model.{suffix}")
    path.write_bytes(as_pickle(marker))
    words = ["predict", "source=face.png", f"run={path}", "detector=none"]
    refused(here(*words, folder=trained), marker, path.name)


def test_caches_are_made_again(marker: Path, tmp_path: Path) -> None:
    folder = class_tree(tmp_path / "faces", ("happy", "sad"), per_class=1)
    images = np.array(opened(folder, "folder").images)
    (cache,) = (tmp_path / "cache").iterdir()
    recorded = read_record(cache / "meta.json")
    content = as_array(marker)
    for name in recorded["arrays"]:
        (cache / f"{name}.npy").write_bytes(content)
        story = {"bytes": len(content), "shape": [1], "dtype": "|O"}
        told = recorded | {"arrays": recorded["arrays"] | {name: story}}
        write_record(cache / "meta.json", told)
        assert np.array_equal(opened(folder, "folder").images, images)
        assert not marker.exists()
        assert (cache / f"{name}.npy").read_bytes() != content


def test_cache_index(run: RunFolder, marker: Path) -> None:
    (cache,) = run.path.parents[1].glob("cache/synthetic-*")
    (cache / "images.npy").write_bytes(as_array(marker))
    (cache / "meta.json").write_bytes(as_pickle(marker))
    told = ask(run, "train")
    assert told.status == 0, told.err
    assert not marker.exists()
    assert json.loads((cache / "meta.json").read_text())["classes"]


def test_outputs_of_a_frozen_trunk(marker: Path, tmp_path: Path) -> None:
    (tmp_path / "training0.npy").write_bytes(as_array(marker))
    assert open_array(tmp_path / "training0.npy", (1,)) is None
    assert not marker.exists()


@pytest.mark.parametrize("name", ["evaluate", "compare"])
def test_split(name: str, run: RunFolder, marker: Path) -> None:
    with np.load(run.split) as arrays:
        others = {key: arrays[key] for key in arrays.files if key != "validation"}
    run.split.write_bytes(as_arrays(marker, **others))
    told = ask(run, name)
    if name == "compare":  # which shows the run without it
        assert told.status == 0 and not marker.exists()
    else:
        refused(told, marker, "split.npz")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("test/predictions.csv", "compare"),
        ("test/predictions.csv", "audit"),
        ("test/metrics.json", "compare"),
        ("metrics.csv", "compare"),
        ("status.json", "evaluate"),
        ("validation/calibration.json", "predict"),
        ("validation/calibration.json", "evaluate"),
    ],
)
def test_texts(file: str, name: str, run: RunFolder, marker: Path) -> None:
    (run.path / file).write_bytes(as_pickle(marker))
    refused(ask(run, name), marker, file.rpartition("/")[2])


@pytest.mark.parametrize("name", ["train", "evaluate", "predict", "export", "audit", "compare"])
def test_tags_in_settings(name: str, run: RunFolder, marker: Path) -> None:
    path = run.path / "config.yaml"
    path.write_text(path.read_text() + as_yaml(marker))
    refused(ask(run, name), marker, "config.yaml holds the tag", "os.mkdir")


@pytest.mark.parametrize("name", ["evaluate", "compare", "predict"])
def test_references_in_settings(
    name: str, run: RunFolder, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_TEST_SECRET", SECRET)
    path = run.path / "config.yaml"
    path.write_text(path.read_text().replace("name: default", "name: ${oc.env:FER_TEST_SECRET}"))
    told = ask(run, name)
    refused(told, marker, "config.yaml holds the reference")
    assert SECRET not in told.out + told.err


def test_few_lines_that_stand_for_gigabytes(run: RunFolder, marker: Path) -> None:
    letters = "abcdefghij"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(letters)]
    path = run.path / "config.yaml"
    path.write_text(path.read_text() + "\n".join(["", *lines]))
    refused(ask(run, "evaluate"), marker, "config.yaml holds the alias a")


def test_targets_in_settings_are_never_called(run: RunFolder, marker: Path) -> None:
    path = run.path / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    for group in settings.values():
        if isinstance(group, dict):
            group |= {"_target_": "os.mkdir", "_args_": [str(marker)]}
    path.write_text(yaml.safe_dump(settings))
    for name in ("predict", "compare"):
        told = ask(run, name)
        assert "Traceback" not in told.err
        assert not marker.exists()


def test_records_of_jobs(run: RunFolder, marker: Path) -> None:
    jobs = run.path.parent / "sweep-1" / "jobs"
    jobs.mkdir(parents=True)
    (jobs / "0000.json").write_bytes(as_pickle(marker))
    told = here("compare", str(jobs.parent), folder=run.path.parents[2])
    refused(told, marker, "0000.json")


def test_wandb_records_are_not_opened(run: RunFolder, marker: Path) -> None:
    for name in ("run-x.wandb", "files/config.yaml", "files/wandb-summary.json"):
        path = run.path / "wandb" / "offline-run-1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_yaml(marker).encode() if name.endswith("yaml") else as_pickle(marker))
    for name in ("train", "compare"):
        assert ask(run, name).status == 0
    assert not marker.exists()


@pytest.mark.parametrize("place", ["../secret", "absolute", "link"])
def test_data_outside_a_model(place: str, trained: Path, marker: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET.encode() * 100)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    model = onnx.load(brightness_model(folder / "model.onnx"))
    levels = next(tensor for tensor in model.graph.initializer if tensor.name == "levels")
    levels.ClearField("raw_data")
    levels.data_location = TensorProto.EXTERNAL
    location = str(secret) if place == "absolute" else place
    for key, value in {"location": location, "offset": "0", "length": "28"}.items():
        levels.external_data.add(key=key, value=value)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    words = ["predict", "source=face.png", f"run={folder / 'model.onnx'}", "detector=none"]
    refused(here(*words, folder=trained), marker, "model.onnx")


def test_texts_in_the_head_of_a_model(trained: Path, marker: Path, tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx")
    model = onnx.load(path)
    for entry in model.metadata_props:
        if entry.key in ("fer.story", "fer.card"):
            entry.value = as_yaml(marker)
    onnx.save(model, path)
    words = ["predict", "source=face.png", f"run={path}", "detector=none"]
    refused(here(*words, folder=trained), marker, "model.onnx is damaged")
