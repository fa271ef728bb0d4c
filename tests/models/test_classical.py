"""The torch modules give what scikit-learn gives, and refuse what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem

from fer.errors import ConfigError, DataError
from fer.models.classical import (
    fit_machines,
    fit_mixtures,
    fit_neighbours,
    fit_reduction,
    reduced,
    sizes,
)
from fer.models.networks.classical import (
    ClassicalNetwork,
    Landmarks,
    Machines,
    Mixtures,
    Neighbours,
    Projection,
)
from tests.composing import settings

Part = tuple[NDArray[np.float64], NDArray[np.int64]]


def faces(count: int, classes: int, seed: int, width: int = 6) -> Part:
    """Features around a centre for each class."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = np.random.default_rng(0).normal(size=(classes, width))
    return centres[labels] + draw.normal(size=(count, width)), labels.astype(np.int64)


def said(module: torch.nn.Module, features: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = module(torch.from_numpy(features)).numpy()
    return found


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_machines(classes: int) -> None:
    train, validation, (others, _) = (faces(n, classes, n) for n in (140, 70, 50))
    calibrated, remark = fit_machines(0.1, train, validation)
    module = Machines(6, classes)
    module.adopt(calibrated)
    np.testing.assert_allclose(said(module, others), calibrated.predict_proba(others), atol=1e-9)
    assert remark == ""


@pytest.mark.parametrize("classes", [2, 3, 7, 9])
def test_neighbours(classes: int) -> None:
    train, (others, _) = (faces(n, classes, n) for n in (180, 50))
    pipeline = fit_neighbours(5, train)
    module = Neighbours(6, classes, 180)
    module.adopt(pipeline)
    np.testing.assert_allclose(said(module, others), pipeline.predict_proba(others), atol=1e-9)


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_mixtures(covariance: str) -> None:
    train, (others, _) = (faces(n, 3, n) for n in (200, 50))
    mixtures, prior = fit_mixtures(2, covariance, train, seed=0)
    module = Mixtures(6, 3, most=4)  # made for more than are used
    module.adopt(mixtures, prior)
    densities = np.stack([mixture.score_samples(others) for mixture in mixtures], axis=1)
    assert prior == pytest.approx([67 / 200, 67 / 200, 66 / 200])
    expected = softmax(densities + np.log(prior), axis=1)
    np.testing.assert_allclose(said(module, others), expected, atol=1e-9)


def test_projection_and_landmarks() -> None:
    (features, _), (others, _) = faces(80, 3, 1), faces(20, 3, 2)
    pca = PCA(4, whiten=True).fit(features)
    projection = Projection(6, 4)
    projection.adopt(pca)
    np.testing.assert_allclose(said(projection, others), pca.transform(others), atol=1e-9)
    nystroem = Nystroem(gamma=0.2, n_components=30, random_state=0).fit(features)
    landmarks = Landmarks(6, 30)
    landmarks.adopt(nystroem)
    np.testing.assert_allclose(said(landmarks, others), nystroem.transform(others), atol=1e-9)


def network(*overrides: str, count: int = 60) -> tuple[ClassicalNetwork, torch.Tensor]:
    """Fitted on noise, with that noise."""
    chosen = settings("model=classical", "model.landmarks=20", *overrides)["model"]
    images = torch.rand(count, 1, 24, 24, generator=torch.Generator().manual_seed(1))
    labels = np.arange(count) % 7
    own = sizes(chosen, 24, labels, labels, tuple("abcdefg"))
    made = ClassicalNetwork(chosen | own, 7)
    fit_reduction(made, made.describe(images), seed=0)
    features = reduced(made, made.describe(images))
    match made.classifier:
        case Machines() as machines:
            machines.adopt(fit_machines(1, (features, labels), (features, labels))[0])
        case Neighbours() as neighbours:
            neighbours.adopt(fit_neighbours(3, (features, labels)))
        case Mixtures() as mixtures:
            mixtures.adopt(*fit_mixtures(1, "diag", (features, labels), 0))
    return made, images


@pytest.mark.parametrize("descriptor", ["lbp", "lpq", "phog", "pixels"])
@pytest.mark.parametrize("classifier", ["svm", "lda_knn", "gmm"])
def test_any_descriptor_with_any_classifier(descriptor: str, classifier: str) -> None:
    chosen = (f"model.descriptor={descriptor}", f"model.classifier={classifier}")
    made, images = network(
        *chosen, "model.components=10", "model.mixtures=[1]", "model.neighbours=[3]"
    )
    odds = made(images).exp()
    torch.testing.assert_close(odds.sum(dim=1), torch.ones(60))
    assert odds.dtype == torch.float32 and not torch.allclose(odds[0], odds[1])
    torch.testing.assert_close(made(images[7:9]), made(images)[7:9])
    again = ClassicalNetwork(made.settings, 7)
    again.load_state_dict(made.state_dict())
    assert torch.equal(again(images), made(images))


def test_stays_in_double_precision_wherever_it_is_moved() -> None:
    made, images = network()
    before = made(images)
    moved = torch.nn.Sequential(made).half().to("meta")
    assert {array.dtype for array in moved.buffers()} == {torch.float64}
    assert torch.equal(made(images), before)


def test_colours_become_gray() -> None:
    made, images = network()
    images = (images * 255).round() / 255
    assert torch.equal(made(images.expand(-1, 3, -1, -1)), made(images))


LABELS = np.repeat(np.arange(7), [9, 2, 9, 9, 9, 9, 9])


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            "lda_knn model.neighbours=[5,57]",
            r"neighbours=\[5, 57\].* 56 training faces",
        ),
        (
            "gmm model.mixtures=[1,3]",
            r"mixtures=\[1, 3\]: disgust has 2 training faces",
        ),
        ("pca_svm model.components=57", r"components=57: use at most 56.* 56 training"),
        ("lbp_svm model.lbp.cells=30", r"30 x 30 cells over 22 x 22"),
    ],
)
def test_more_than_there_is_gets_refused(overrides: str, told: str) -> None:
    model, override = overrides.split()
    few = ("model.components=9",) if "components" not in override else ()
    chosen = settings(f"model={model}", *few, override)["model"]
    names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    with pytest.raises(ConfigError, match=told):
        sizes(chosen, 24, LABELS, LABELS, names)


def test_a_class_that_cannot_be_calibrated_is_told() -> None:
    chosen = settings("model=lpq_svm")["model"]
    with pytest.raises(DataError, match=r"no validation images of b, g: .*protocol\.validation"):
        sizes(chosen, 24, LABELS, np.array([0, 2, 3, 4, 5]), tuple("abcdefg"))
    own = sizes(
        chosen | {"classifier": "gmm", "mixtures": [1]}, 24, LABELS, LABELS[:1], tuple("abcdefg")
    )
    assert own == {"features": 25 * 256, "faces": 56}
