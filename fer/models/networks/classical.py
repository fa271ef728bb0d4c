"""Fitted arrays of classical methods as torch modules: faces in, log-probabilities out.

scikit-learn fits, these apply. All arrays are buffers in double precision, so that a checkpoint
holds them like any network's weights and nothing of scikit-learn's is ever pickled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer.models.descriptors import describe

FLOOR = 1e-12
"""Smaller probabilities count as this one, so that their logarithm is finite."""


class ClassicalNetwork(nn.Module):
    """A descriptor, what reduces it, and a classifier.

    Args:
        model: `conf/model`'s settings, with `features`, the length D of a descriptor, and `faces`,
            the number of training faces.
        classes: Number of classes K.
    """

    def __init__(self, model: Mapping[str, Any], classes: int) -> None:
        super().__init__()
        self.settings = dict(model)
        width = model["features"]
        self.projection: Projection | None = None
        self.landmarks: Landmarks | None = None
        if model["components"] is not None:
            self.projection = Projection(width, model["components"])
            width = model["components"]
        if model["classifier"] == "svm" and model["kernel"] == "rbf":
            count = min(model["landmarks"], model["faces"])
            self.landmarks = Landmarks(width, count)
            width = count
        self.classifier: Machines | Neighbours | Mixtures
        match model["classifier"]:
            case "svm":
                self.classifier = Machines(width, classes)
            case "lda_knn":
                self.classifier = Neighbours(width, classes, model["faces"])
            case _:
                self.classifier = Mixtures(width, classes, max(model["mixtures"]))

    def describe(self, images: Tensor) -> NDArray[np.float32]:
        """Descriptors `[B, D]` of images `[B, C, H, W]`, 0 to 1; colours become their luma."""
        if images.shape[1] == 3:
            weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
            images = (images * weights).sum(dim=1, keepdim=True)
        pixels = (images[:, 0] * 255).round().clamp(0, 255).to("cpu", torch.uint8)
        return describe(pixels.numpy(), self.settings)

    def reduce(self, features: Tensor) -> Tensor:
        """What the classifier looks at, `[B, d]`, of descriptors `[B, D]`, in double precision."""
        for stage in (self.projection, self.landmarks):
            features = features if stage is None else stage(features)
        return features

    def classify(self, reduced: Tensor) -> Tensor:
        """Log-probabilities `[B, K]` of what `reduce` gives; float32, as networks' logits are."""
        odds: Tensor = self.classifier(reduced)
        return odds.clamp(min=FLOOR).log().to(torch.float32)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Log-probabilities `[B, K]` of images `[B, C, H, W]`, 0 to 1, on any device."""
        features = torch.from_numpy(self.describe(images)).double()
        return self.classify(self.reduce(features)).to(images.device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ClassicalNetwork:
        """Stays on the CPU in double precision, wherever the module around it is moved."""
        return self


class Projection(nn.Module):
    """Principal components: `[B, D]` to `[B, d]`, each with unit variance in training."""

    def __init__(self, features: int, components: int) -> None:
        super().__init__()
        self.centre: Tensor
        self.axes: Tensor
        _buffers(self, centre=[features], axes=[features, components])

    def adopt(self, pca: Any) -> None:
        """Takes a fitted, whitening `sklearn.decomposition.PCA`."""
        axes = pca.components_ / np.sqrt(pca.explained_variance_)[:, None]
        _fill(self, centre=pca.mean_, axes=axes.T)

    def forward(self, features: Tensor) -> Tensor:
        """Projects."""
        return (features - self.centre) @ self.axes


class Landmarks(nn.Module):
    """Nyström features of the kernel exp(-gamma d^2): `[B, D]` to `[B, m]`.

    Williams and Seeger, Using the Nyström method to speed up kernel machines, 2001.
    """

    def __init__(self, features: int, count: int) -> None:
        super().__init__()
        self.points: Tensor
        self.mixing: Tensor
        self.gamma: Tensor
        _buffers(self, points=[count, features], mixing=[count, count], gamma=[])

    def adopt(self, nystroem: Any) -> None:
        """Takes a fitted `sklearn.kernel_approximation.Nystroem` with the kernel `rbf`."""
        _fill(
            self,
            points=nystroem.components_,
            mixing=nystroem.normalization_.T,
            gamma=nystroem.gamma,
        )

    def forward(self, features: Tensor) -> Tensor:
        """Kernel values to the landmarks, mixed such that their products are kernel values."""
        squares = (features**2).sum(dim=1, keepdim=True) + (self.points**2).sum(dim=1)
        distances = (squares - 2 * features @ self.points.T).clamp(min=0)
        return torch.exp(-self.gamma * distances) @ self.mixing


class Machines(nn.Module):
    """One linear machine for each class, each with a sigmoid (Platt 1999), normalised."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.slope: Tensor
        self.offset: Tensor
        _buffers(
            self, weight=[classes, features], bias=[classes], slope=[classes], offset=[classes]
        )

    def adopt(self, calibrated: Any) -> None:
        """Takes a `sklearn.calibration.CalibratedClassifierCV` (sigmoid) of a `LinearSVC`."""
        (only,) = calibrated.calibrated_classifiers_
        machine = only.estimator
        weight, bias = machine.coef_, machine.intercept_
        slope = np.array([sigmoid.a_ for sigmoid in only.calibrators])
        offset = np.array([sigmoid.b_ for sigmoid in only.calibrators])
        if len(weight) == 1:  # two classes share one machine
            weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
            slope, offset = np.repeat(slope, 2), np.concatenate([-offset, offset])
        _fill(self, weight=weight, bias=bias, slope=slope, offset=offset)

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities `[B, K]`."""
        margins = features @ self.weight.T + self.bias
        odds = torch.sigmoid(-(self.slope * margins + self.offset))
        total = odds.sum(dim=1, keepdim=True)
        return torch.where(total > 0, odds / total, 1 / odds.shape[1])


class Neighbours(nn.Module):
    """Shares of the classes among the nearest training faces, seen along the discriminants."""

    def __init__(self, features: int, classes: int, faces: int) -> None:
        super().__init__()
        self.classes = classes
        self.centre: Tensor
        self.axes: Tensor
        self.points: Tensor
        self.labels: Tensor
        self.count: Tensor
        seen = min(classes - 1, features)
        _buffers(self, centre=[features], axes=[features, seen], points=[faces, seen])
        self.register_buffer("labels", torch.zeros(faces, dtype=torch.int64))
        self.register_buffer("count", torch.ones((), dtype=torch.int64))

    def adopt(self, pipeline: Any) -> None:
        """Takes a fitted pipeline of `LinearDiscriminantAnalysis` and `KNeighborsClassifier`."""
        discriminants, neighbours = (step for _, step in pipeline.steps)
        found = discriminants.scalings_[:, : self.axes.shape[1]]
        axes = np.zeros(self.axes.shape)  # fewer are found where class means lie on a line
        axes[:, : found.shape[1]] = found
        points = np.zeros(self.points.shape)
        points[:, : found.shape[1]] = neighbours._fit_X
        _fill(self, centre=discriminants.xbar_, axes=axes, points=points)
        self.labels.copy_(torch.from_numpy(neighbours._y))
        self.count.fill_(neighbours.n_neighbors)

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities `[B, K]`, multiples of 1 / neighbours."""
        seen = (features - self.centre) @ self.axes
        apart = torch.cdist(seen, self.points, compute_mode="donot_use_mm_for_euclid_dist")
        nearest = apart.topk(int(self.count), dim=1, largest=False).indices
        votes = nn.functional.one_hot(self.labels[nearest], self.classes).double()
        return votes.mean(dim=1)


class Mixtures(nn.Module):
    """A mixture of Gaussians for each class, and Bayes' rule."""

    def __init__(self, features: int, classes: int, most: int) -> None:
        super().__init__()
        self.prior: Tensor
        self.weight: Tensor
        self.means: Tensor
        self.roots: Tensor
        _buffers(
            self,
            prior=[classes],
            weight=[classes, most],
            means=[classes, most, features],
            roots=[classes, most, features, features],
        )

    def adopt(self, mixtures: Sequence[Any], prior: NDArray[np.float64]) -> None:
        """Takes a fitted `sklearn.mixture.GaussianMixture` for each class, and class shares."""
        classes, most, width = self.means.shape
        weight, means = np.zeros((classes, most)), np.zeros((classes, most, width))
        roots = np.tile(np.eye(width), (classes, most, 1, 1))
        for k, mixture in enumerate(mixtures):
            count = mixture.n_components
            weight[k, :count], means[k, :count] = mixture.weights_, mixture.means_
            root = mixture.precisions_cholesky_
            diagonal = mixture.covariance_type == "diag"
            roots[k, :count] = root[:, None] * np.eye(width) if diagonal else root
        with np.errstate(divide="ignore"):  # those that are not used weigh 0
            _fill(self, prior=np.log(prior), weight=np.log(weight), means=means, roots=roots)

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities `[B, K]`."""
        width = features.shape[1]
        scores = []
        for prior, weights, means, roots in zip(
            self.prior, self.weight, self.means, self.roots, strict=True
        ):
            away = torch.einsum("bd,mde->bme", features, roots) - torch.einsum(
                "md,mde->me", means, roots
            )
            volume = roots.diagonal(dim1=1, dim2=2).log().sum(dim=1)
            density = volume - 0.5 * (width * math.log(2 * math.pi) + (away**2).sum(dim=2))
            scores.append(prior + torch.logsumexp(weights + density, dim=1))
        return torch.stack(scores, dim=1).softmax(dim=1)


def _buffers(module: nn.Module, **shapes: list[int]) -> None:
    """Registers arrays of zeros, to be filled by a fit or from a checkpoint."""
    for name, shape in shapes.items():
        module.register_buffer(name, torch.zeros(shape, dtype=torch.float64))


def _fill(module: nn.Module, **values: NDArray[np.float64] | float) -> None:
    """Fills registered arrays."""
    for name, value in values.items():
        module.get_buffer(name).copy_(torch.from_numpy(np.array(value, dtype=np.float64)))
