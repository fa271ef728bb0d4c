"""What holds for every file of conf/model."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import count_parameters, freeze, stages
from tests.composing import choices
from tests.models.test_classifiers import fitted

Make = Callable[..., FaceClassifier]


@pytest.mark.parametrize("name", choices("model"))
def test_it_learns_and_freezes(name: str, make_classifier: Make, tmp_path: Path) -> None:
    """Builds, maps forward, has gradients everywhere, trains, and freezes ever more by depth."""
    model = make_classifier(f"model={name}", "data.size=32", "model.dropout=0")
    images = torch.rand(4, 1, 32, 32)
    torch.nn.functional.cross_entropy(model(images), torch.arange(4)).backward()
    missing = [key for key, p in model.network.named_parameters() if p.grad is None]
    assert not missing
    head = {
        key for key, _ in model.network.named_parameters() if key.startswith(model.head_names())
    }
    before = {key: p.detach().clone() for key, p in model.network.named_parameters()}
    fitted(model, tmp_path)
    moved = {key for key, p in model.network.named_parameters() if not torch.equal(p, before[key])}
    assert head and head <= moved

    depths = len(stages(model.network))
    trained = []
    for depth in range(depths + 1):
        model.network.requires_grad_(True)
        freeze(model.network, depth)
        trained.append(count_parameters(model.network)[1])
    assert all(more > fewer for more, fewer in pairwise(trained))
    assert trained[0] == count_parameters(model.network)[0]
    learns = {key for key, p in model.network.named_parameters() if p.requires_grad}
    assert learns == head
    with pytest.raises(ConfigError, match=rf"this backbone has {depths} stages"):
        freeze(model.network, depths + 1)
