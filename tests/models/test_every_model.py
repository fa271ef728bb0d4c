"""What holds for every network of conf/model but blends and classical models."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import count_parameters, freeze, stages
from tests.composing import choices, settings

Make = Callable[..., FaceClassifier]
NETWORKS = [
    name
    for name in choices("model")
    if settings(f"model={name}")["model"]["kind"] not in ("blend", "classical")
]


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_and_freezes(name: str, make_classifier: Make) -> None:
    """Builds, maps forward, has gradients everywhere, trains, and freezes ever more by depth."""
    model = make_classifier(f"model={name}", "data.size=32", "model.dropout=0")
    network, every = model.network, dict(model.network.named_parameters())
    head = {key for key in every if key.startswith(model.head_names())}
    assert head
    last = every[max(head, key=list(every).index)]
    before = last.detach().clone()
    step = torch.optim.SGD(network.parameters(), lr=0.1)
    loss = torch.nn.functional.cross_entropy(model(torch.rand(2, 1, 32, 32)), torch.arange(2))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in every.values())
    step.step()
    assert not torch.equal(last, before)

    depths = len(stages(network))
    trained = []
    for depth in range(depths + 1):
        network.requires_grad_(True)
        freeze(network, depth)
        trained.append(count_parameters(network)[1])
    assert all(more > fewer for more, fewer in pairwise(trained))
    assert trained[0] == count_parameters(network)[0]
    learns = {key for key, p in every.items() if p.requires_grad}
    assert learns == head
    with pytest.raises(ConfigError, match=rf"this backbone has {depths} stages"):
        freeze(network, depths + 1)
