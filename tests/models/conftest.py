from __future__ import annotations

from collections.abc import Callable

import pytest

from fer.data.faces import SEVEN
from fer.models.architectures import CLASSIFIERS
from fer.models.classifiers import FaceClassifier
from tests.composing import settings

Make = Callable[..., FaceClassifier]


@pytest.fixture(scope="session")
def make_classifier() -> Make:
    """A maker of classifiers from overrides of conf/train.yaml."""

    def make(*overrides: str) -> FaceClassifier:
        chosen = settings(*overrides)
        channels = chosen["data"]["channels"]
        if chosen["model"]["kind"] == "blend":
            same = (f"data.channels={channels}", "model.backbone=test_resnet")
            chosen["model"]["members"] = [dict(make(*same).hparams) for _ in range(2)]
        return CLASSIFIERS[chosen["model"]["kind"]](
            model=chosen["model"],
            optimizer=chosen["optimizer"],
            scheduler=chosen["scheduler"],
            loss=chosen["loss"],
            classes=list(SEVEN),
            channels=channels,
            mean=[0.4] * channels,
            deviation=[0.2] * channels,
            size=chosen["data"]["size"],
        )

    return make
