"""A data set, an architecture and a metric from outside the package: the README's own code."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer.config
from fer.assessing.run_model import load_model
from fer.data.data_sets import DATA_MODULES
from fer.data.faces import SEVEN
from fer.errors import ConfigError
from fer.extending import plugins
from fer.extending.own_metrics import METRICS
from fer.extending.registry import Registry
from fer.models.architectures import CLASSIFIERS
from fer.models.heat_maps import HeatMaps
from fer.runs.provenance import versions
from tests.end_to_end.commands import UNTRACKED, Done, here, only_run

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(?:python|yaml)\n# (my_faces/\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 60
WITH = "plugins=my_faces"
ARGUMENTS = (
    WITH,
    "data=stills",
    "data.path=stills",
    "data.batch_size=14",
    "protocol=subject_kfold",
    "protocol.folds=3",
    "model=tiny",
    "model.width=4",
    "trainer.max_epochs=1",
    "trainer.threads=1",
    "trainer.accelerator=cpu",
    "trainer.progress=lines",
    UNTRACKED,
)


def blocks() -> dict[str, str]:
    """The README's files of `my_faces/`: path to content."""
    return {path: f"# {path}\n{code}" for path, code in BLOCK.findall(README.read_text("utf-8"))}


def forget() -> None:
    """The process knows nothing of my_faces again."""
    plugins.use(None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_faces"]:
        del sys.modules[name]
    for registry, name in (
        (DATA_MODULES, "stills"),
        (CLASSIFIERS, "tiny"),
        (METRICS, "accuracy_top2"),
    ):
        registry.pop(name, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of a user's own, from which commands are started, with package and pictures."""
    folder = tmp_path_factory.mktemp("laboratory")
    for path, code in blocks().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(code, encoding="utf-8")
    (folder / "stills").mkdir()
    draw = np.random.default_rng(0)
    for person in range(6):
        for expression in SEVEN:
            pixels = draw.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "stills" / f"p{person}_{expression}_1.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)  # as `python -m` does with the folder it is started in
        yield folder
    forget()


@pytest.fixture(scope="module")
def trained(folder: Path) -> Done:
    """Trained and tested once. Not to be changed."""
    forget()
    told = here("train", *ARGUMENTS, folder=folder)
    assert told.status == 0, told.err
    return Done(folder, ARGUMENTS, told)


@pytest.fixture
def own_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of conf/ whose `local/default.yaml` is the test's to write."""
    shutil.copytree(fer.config.CONF, tmp_path / "conf")
    monkeypatch.setattr(fer.config, "CONF", tmp_path / "conf")
    return tmp_path / "conf" / "local" / "default.yaml"


def test_help_offers_its_choices_beside_the_built_in_ones(folder: Path) -> None:
    told = here("train", "plugins=my_faces", "--help", folder=folder)
    offered = dict(line.split(": ", 1) for line in told.out.splitlines() if ": " in line)
    assert "stills" in offered["data"].split(", ") and "fer2013" in offered["data"].split(", ")
    assert "tiny" in offered["model"].split(", ")


@pytest.mark.parametrize("name", ["stills", "tiny", "accuracy_top2"])
def test_each_takes_less_than_sixty_lines(name: str) -> None:
    lines = [
        line
        for path, code in blocks().items()
        if Path(path).stem in (name, "__init__")
        for line in code.splitlines()
    ]
    assert 10 < len(lines) < MOST_LINES


def test_a_run_of_all_three(trained: Done) -> None:
    run = trained.run
    assert run.status["state"] == "finished"
    assert run.path.name.startswith("tiny-stills-")
    assert run.settings["model"]["width"] == 4
    figures = run.results()["metrics"]
    low, high = run.results()["intervals"]["accuracy_top2"]
    assert figures["accuracy"] <= figures["accuracy_top2"] <= 1
    assert 0 <= low <= figures["accuracy_top2"] <= high <= 1
    assert "accuracy_top2" in (run.test / "report.md").read_text("utf-8")
    assert f"accuracy_top2 {figures['accuracy_top2']:.3f} [" in trained.told.out
    (row,) = run.rows()
    assert row["validation/accuracy"] <= row["validation/accuracy_top2"] <= 1


def test_settings_name_no_package_and_the_status_tells_its_version(trained: Done) -> None:
    assert "my_faces" not in (trained.run.path / "config.yaml").read_text("utf-8")
    assert re.fullmatch("sha256:[0-9a-f]{12}", trained.run.status["versions"]["my_faces"])


def test_ones_own_code_has_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for content in ("x = 1\n", "x = 2\n", "x = 1\n"):
        (tmp_path / "own_code.py").write_text(content, encoding="utf-8")
        plugins.use("own_code")
        found.append(versions()["own_code"])
    assert found[0] == found[2] != found[1] and "own_code" not in sys.modules
    plugins.use("pytest")  # as one that is installed
    assert versions()["pytest"] == pytest.__version__
    plugins.use(None)


def test_the_same_command_finds_its_run_whatever_else_is_named(trained: Done) -> None:
    (trained.folder / "more_faces.py").write_text("", encoding="utf-8")
    told = here(
        "train", "plugins=[my_faces,more_faces]", *trained.arguments[1:], folder=trained.folder
    )
    assert told.status == 0, told.err
    assert only_run(trained.folder).path == trained.run.path


def test_evaluating_needs_the_package_named(trained: Done) -> None:
    run = f"run={trained.run.path}"
    forget()
    told = here("evaluate", run, "progress=none", "accelerator=cpu", folder=trained.folder)
    assert told.status == 2 and "my_faces" not in sys.modules
    assert "data.name=stills" in told.err and "plugins=" in told.err
    told = here("evaluate", WITH, run, "progress=none", "accelerator=cpu", folder=trained.folder)
    assert told.status == 0, told.err
    assert "identical to the stored test" in told.out


def test_the_metric_stands_in_comparisons(trained: Done) -> None:
    told = here("compare", "outputs/default", "output=compared", folder=trained.folder)
    assert told.status == 0, told.err
    for page in ("comparison.md", "index.html"):
        assert "accuracy_top2" in (trained.folder / "compared" / page).read_text("utf-8")
    with (trained.folder / "compared" / "comparison.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    figure = trained.run.results()["metrics"]["accuracy_top2"]
    assert float(row["test/accuracy_top2"]) == pytest.approx(figure)


def test_stages_and_refusals_of_a_network_from_outside(trained: Done) -> None:
    told = here("train", *trained.arguments, "model.frozen_stages=3", folder=trained.folder)
    assert told.status == 2 and "this backbone has 2 stages" in told.err
    assert HeatMaps(load_model(trained.run), 48).layer == "body"
    told = here("train", *trained.arguments, "model.weights=imagenet", folder=trained.folder)
    assert told.status == 2 and "model.weights=imagenet" in told.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "plugins=my_facs cannot be: there is no package my_facs in this folder"),
        ("x = 1\nx.y\n", "plugins=my_facs cannot be imported: AttributeError"),
        ("import not_there\n", "ModuleNotFoundError: No module named 'not_there'"),
    ],
)
def test_a_package_that_cannot_be_imported(
    content: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    if content is not None:
        (tmp_path / "my_facs.py").write_text(content, encoding="utf-8")
    told = here("train", "plugins=my_facs", "data.name=unheard_of", folder=tmp_path)
    assert told.status == 2 and said in told.err and "Traceback" not in told.err
    plugins.use(None)


@pytest.mark.parametrize("named", ["plugins=3", "plugins={a: 1}", "plugins=os.path", "plugins=''"])
def test_what_is_no_package(named: str, tmp_path: Path) -> None:
    told = here("train", named, folder=tmp_path)
    assert told.status == 2 and "plugins" in told.err and "Traceback" not in told.err
    plugins.use(None)


def test_packages_named_in_a_users_own_defaults(trained: Done, own_defaults: Path) -> None:
    own_defaults.write_text("# @package _global_\nplugins: [my_faces]\n", encoding="utf-8")
    told = here("train", *trained.arguments[1:], folder=trained.folder)
    assert told.status == 0, told.err
    assert only_run(trained.folder).path == trained.run.path


def test_names_that_are_taken() -> None:
    figures: Registry[int] = Registry("metric", {"one": 1}, taken=("loss",))
    figures.register("two")(2)
    for name in ("one", "two", "loss", "a/b", "a,b", ""):
        with pytest.raises(ConfigError, match="metric="):
            figures.register(name)(3)
    assert json.dumps(figures) == '{"one": 1, "two": 2}'
