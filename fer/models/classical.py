"""What scikit-learn fits for a `ClassicalNetwork`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from fer.errors import ConfigError, DataError
from fer.models.descriptors import describe
from fer.models.networks.classical import ClassicalNetwork, Machines, Mixtures, Neighbours

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

CANDIDATES = {"svm": "c", "lda_knn": "neighbours", "gmm": "mixtures"}
"""For each `model.classifier` the setting whose value the validation part chooses."""

CHUNK = 1024


def sizes(
    settings: Mapping[str, Any],
    side: int,
    labels: Labels,
    validation: Labels,
    classes: tuple[str, ...],
) -> dict[str, int]:
    """What of the data decides how large a network's arrays are.

    Args:
        settings: `conf/model`'s settings.
        side: Of the square pictures, in pixels.
        labels: int64 `[N]`, of the training part.
        validation: The same of the validation part.
        classes: Names of the classes.

    Returns:
        `features`, the length of a descriptor, and `faces`, N.

    Raises:
        ConfigError: The settings ask for more than there are faces or features, or for a descriptor
            that cannot be had.
        DataError: The validation part cannot calibrate a class.
    """
    features = describe(np.zeros((1, side, side), dtype=np.uint8), settings).shape[1]
    faces, components = len(labels), settings["components"]
    most = min(faces, features)
    if components is not None and components > most:
        raise ConfigError(
            f"model.components={components}: use at most {most}; there are {faces} training faces "
            f"of {features} features"
        )
    classifier = settings["classifier"]
    if classifier == "svm" and len(np.unique(validation)) < len(classes):
        absent = [name for k, name in enumerate(classes) if k not in validation]
        raise DataError(
            f"no validation images of {', '.join(absent)}: model.classifier=svm calibrates each "
            "class on them; use a larger validation part (protocol.validation), or lda_knn or gmm"
        )
    if classifier == "lda_knn" and max(settings["neighbours"]) > faces:
        raise ConfigError(
            f"model.neighbours={settings['neighbours']}: there are {faces} training faces"
        )
    if classifier == "gmm":
        counts = np.bincount(labels, minlength=len(classes))
        rarest, wanted = int(counts.argmin()), max(settings["mixtures"])
        if counts[rarest] < max(wanted, 2):
            raise ConfigError(
                f"model.mixtures={settings['mixtures']}: {classes[rarest]} has "
                f"{counts[rarest]} training faces, too few for its mixture of {wanted}"
            )
    return {"features": features, "faces": faces}


def fit_reduction(network: ClassicalNetwork, features: NDArray[np.float32], seed: int) -> None:
    """Fits principal components and landmarks, where the network has them.

    Args:
        network: Filled in place.
        features: float32 `[N, D]`, of the training part.
        seed: Draws the landmarks from the training faces.
    """
    if network.projection is not None:
        solver = "covariance_eigh" if len(features) > features.shape[1] else "full"
        pca = PCA(network.settings["components"], whiten=True, svd_solver=solver)
        network.projection.adopt(pca.fit(features.astype(np.float64)))
    if network.landmarks is not None:
        count = len(network.landmarks.points)
        drawn = np.random.default_rng(seed).choice(len(features), count, replace=False)
        points: Floats = features[np.sort(drawn)].astype(np.float64)
        if network.projection is not None:
            points = network.projection(torch.from_numpy(points)).numpy()
        gamma = 1 / (points.shape[1] * max(float(points.var()), 1e-12))  # `scale`, as in SVC
        nystroem = Nystroem(gamma=gamma, n_components=len(points), random_state=seed)
        network.landmarks.adopt(nystroem.fit(points))


def reduced(network: ClassicalNetwork, features: NDArray[np.float32]) -> Floats:
    """What the network's classifier looks at, `[N, d]`, of descriptors `[N, D]`."""
    chunks = torch.split(torch.from_numpy(features), CHUNK)
    result: Floats = torch.cat([network.reduce(chunk.double()) for chunk in chunks]).numpy()
    return result


def fit_classifier(
    network: ClassicalNetwork,
    value: float,
    train: tuple[Floats, Labels],
    validation: tuple[Floats, Labels],
    seed: int,
) -> str:
    """Fits the network's classifier with one candidate.

    Args:
        network: Its classifier is filled in place.
        value: Of the setting that `CANDIDATES` names.
        train: What `reduced` gives for the training part, and labels.
        validation: The same for the validation part, which only calibrates machines.
        seed: Draws where a mixture's fit begins.

    Returns:
        A remark, empty where there is none.
    """
    match network.classifier:
        case Machines() as machines:
            calibrated, remark = fit_machines(value, train, validation)
            machines.adopt(calibrated)
            return remark
        case Neighbours() as neighbours:
            neighbours.adopt(fit_neighbours(int(value), train))
        case Mixtures() as mixtures:
            covariance = network.settings["covariance"]
            mixtures.adopt(*fit_mixtures(int(value), covariance, train, seed))
    return ""


def fit_machines(
    c: float, train: tuple[Floats, Labels], validation: tuple[Floats, Labels]
) -> tuple[Any, str]:
    """A linear support vector machine for each class, calibrated on the validation part alone.

    Returns:
        A `CalibratedClassifierCV`, and a remark where the machines did not converge.
    """
    machine = LinearSVC(C=c, dual=False, tol=1e-2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        machine.fit(*train)
    stuck = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    whole = PredefinedSplit(np.zeros(len(validation[1])))  # nothing is fitted anew: no folds
    calibrated = CalibratedClassifierCV(FrozenEstimator(machine), method="sigmoid", cv=whole)
    return calibrated.fit(*validation), "not converged" if stuck else ""


def fit_neighbours(count: int, train: tuple[Floats, Labels]) -> Pipeline:
    """Linear discriminants, and nearest neighbours along them."""
    pipeline = make_pipeline(LinearDiscriminantAnalysis(), KNeighborsClassifier(count))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variables are collinear")
        return pipeline.fit(*train)


def fit_mixtures(
    components: int, covariance: str, train: tuple[Floats, Labels], seed: int
) -> tuple[list[GaussianMixture], Floats]:
    """A mixture of Gaussians for each class, and the classes' shares.

    Args:
        components: Gaussians in each mixture.
        covariance: `diag` or `full`.
        train: Features `[N, d]` and labels `[N]`.
        seed: Of the first means.

    Returns:
        K mixtures, and float64 `[K]` that add up to 1.
    """
    features, labels = train
    counts = np.bincount(labels)
    mixtures = [
        GaussianMixture(
            components, covariance_type=covariance, reg_covar=1e-3, random_state=seed
        ).fit(features[labels == k])
        for k in range(len(counts))
    ]
    return mixtures, counts / counts.sum()
