from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from fer.errors import ConfigError
from fer.models.freezing import head_names
from fer.models.networks.transfer import build_transfer
from fer.models.networks.wide_resnet import WideResNet
from fer.models.schedules import Schedule, build_optimizer
from tests.composing import choices, settings

RATES = (0.1, 0.01)


def optimizer() -> Optimizer:
    return SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": rate} for rate in RATES])


def rates(
    name: str, epochs: int = 6, steps: int = 5, first_epoch: int = 0, **changes: Any
) -> list[list[float]]:
    """The rates of both groups at every step from `first_epoch` on, by a schedule made anew."""
    groups = optimizer()
    schedule = Schedule(groups, settings(f"scheduler={name}")["scheduler"] | changes, epochs, steps)
    found = []
    for epoch in range(first_epoch, epochs):
        schedule.before_epoch(epoch)
        for step in range(steps):
            schedule.before_step(epoch * steps + step)
            groups.step()
            found.append([group["lr"] for group in groups.param_groups])
    return found


def by_epoch(found: list[list[float]], steps: int = 5) -> list[float]:
    """The first group's rate of every epoch, after checking that it stays within one."""
    assert all(found[i] == found[i - i % steps] for i in range(len(found)))
    return [row[0] for row in found[::steps]]


def test_onecycle_may_rise_for_one_step() -> None:
    steps = [row[0] for row in rates("onecycle", rise=0.2, epochs=1, steps=5)]
    assert max(steps) in steps[:2] and steps[1:] == sorted(steps[1:], reverse=True)


@pytest.mark.parametrize("rise", [0.2, 0.5, 1, 0])
def test_onecycle_is_torchs(rise: float) -> None:
    stand_in = optimizer()
    torchs = OneCycleLR(
        stand_in, list(RATES), total_steps=30, pct_start=float(rise), cycle_momentum=False
    )
    for row in rates("onecycle", rise=rise):
        assert row == pytest.approx(torchs.get_last_lr())
        stand_in.step()
        if torchs.last_epoch < 29:
            torchs.step()


def test_onecycle_reaches_the_rate_and_ends_low() -> None:
    found = [row[0] for row in rates("onecycle", epochs=10)]
    assert max(found) == pytest.approx(0.1)
    assert found.index(max(found)) == 9  # a fifth of 50 steps, counted from 0
    assert found[-1] < 1e-5 and found[0] == pytest.approx(0.1 / 25)


@pytest.mark.parametrize("steps", [1, 2])
def test_onecycle_of_one_epoch(steps: int) -> None:
    found = rates("onecycle", epochs=1, steps=steps)
    assert len(found) == steps and all(0 < row[0] <= 0.1 for row in found)


def test_cosine_warms_up_and_ends_at_its_lowest() -> None:
    found = [row[0] for row in rates("cosine", epochs=20, min_lr=1e-3, warmup_epochs=2)]
    assert found[0] == pytest.approx(1e-6)
    assert found[:10] == sorted(found[:10])
    assert max(found) == pytest.approx(0.1, rel=0.03)
    assert found[10:] == sorted(found[10:], reverse=True)
    assert found[-1] == pytest.approx(1e-3, rel=0.03)
    assert found[50] == pytest.approx((0.1 + 1e-3) / 2)


def test_warm_restarts_go_up_again() -> None:
    changes = {"cycle_epochs": 2, "cycle_growth": 2.0, "cycle_decay": 0.5, "min_lr": 1e-3}
    found = [row[0] for row in rates("warm_restarts", epochs=14, **changes)]
    assert [found[start] for start in (0, 10, 30)] == pytest.approx([0.1, 0.05, 0.025])
    for start, end in ((0, 10), (10, 30), (30, 70)):
        assert found[start:end] == sorted(found[start:end], reverse=True)
        middle = (found[start] + 1e-3) / 2
        assert found[(start + end) // 2] == pytest.approx(middle)
    assert rates("warm_restarts", epochs=20, **changes)[:70] == rates(
        "warm_restarts", epochs=14, **changes
    )


def test_cosine_without_warm_up_starts_high() -> None:
    assert rates("cosine", warmup_epochs=0)[0] == pytest.approx(list(RATES))


def test_step_keeps_the_rate_for_whole_periods() -> None:
    found = by_epoch(rates("step", epochs=12, decay_start=3, decay_epochs=4, decay_rate=0.5))
    assert found == pytest.approx([0.1] * 7 + [0.05] * 4 + [0.025])


def test_step_from_the_first_epoch_on() -> None:
    found = by_epoch(rates("step", epochs=11, decay_start=0, decay_epochs=5, decay_rate=0.9))
    assert found == pytest.approx([0.1] * 5 + [0.09] * 5 + [0.081])


def test_constant_stays_after_its_warm_up() -> None:
    assert by_epoch(rates("constant")) == pytest.approx([0.1] * 6)
    found = by_epoch(rates("constant", warmup_epochs=2))
    assert found[0] == pytest.approx(1e-6) and found[0] < found[1] < 0.1
    assert found[2:] == pytest.approx([0.1] * 4)


@pytest.mark.parametrize("name", [name for name in choices("scheduler") if name != "plateau"])
@pytest.mark.parametrize("first_epoch", [1, 3, 5])
def test_rates_depend_on_epoch_and_step_alone(name: str, first_epoch: int) -> None:
    assert rates(name)[first_epoch * 5 :] == rates(name, first_epoch=first_epoch)


def plateau(maximise: bool = True) -> tuple[Optimizer, Schedule]:
    groups = optimizer()
    chosen = settings("scheduler=plateau")["scheduler"] | {"patience_epochs": 2}
    return groups, Schedule(groups, chosen, 10, 5, maximise)


def run(groups: Optimizer, schedule: Schedule, metrics: list[float]) -> list[float]:
    found = []
    for metric in metrics:
        schedule.before_epoch(0)
        schedule.before_step(0)
        found.append(groups.param_groups[0]["lr"])
        schedule.after_epoch(metric)
    return found


def test_plateau_waits_for_its_patience() -> None:
    found = run(*plateau(), [0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.7])
    assert found == pytest.approx([0.1] * 5 + [0.01] * 3)
    found = run(*plateau(maximise=False), [0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    assert found == pytest.approx([0.1] * 6)
    assert run(*plateau(), [0.5, 0.4, 0.3, 0.2, 0.1])[-1] == pytest.approx(0.01)


def test_plateau_goes_on_from_its_state() -> None:
    metrics = [0.5, 0.4, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5, 0.5]
    straight = run(*plateau(), metrics)
    groups, schedule = plateau()
    before = run(groups, schedule, metrics[:3])
    again, resumed = plateau()
    again.load_state_dict(groups.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    assert before + run(again, resumed, metrics[3:]) == straight
    forgetful = plateau()[1]
    forgetful.load_state_dict({})
    assert forgetful.state_dict()["num_bad_epochs"] == 0


@pytest.mark.parametrize("name", choices("optimizer"))
def test_norms_and_biases_do_not_decay(name: str) -> None:
    network = build_transfer("resnet18", 7)
    chosen = settings(f"optimizer={name}", "optimizer.weight_decay=0.3")["optimizer"]
    groups = build_optimizer(network, ("fc.",), chosen).param_groups
    decaying = {id(p) for g in groups for p in g["params"] if g["weight_decay"]}
    names = {name for name, p in network.named_parameters() if id(p) in decaying}
    layers = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert names == {f"{n}.weight" for n, _ in layers}
    assert {g["weight_decay"] for g in groups} == {0.0, 0.3}
    assert sum(len(g["params"]) for g in groups) == len(list(network.parameters()))


def test_backbone_learns_at_a_share_of_the_heads_rate() -> None:
    network = build_transfer("resnet18", 7)
    chosen = settings("optimizer.lr=0.02", "optimizer.backbone_scale=0.1")["optimizer"]
    found = build_optimizer(network, ("fc.",), chosen)
    rate = {id(p): g["lr"] for g in found.param_groups for p in g["params"]}
    for name, parameter in network.named_parameters():
        expected = 0.02 if name.startswith("fc.") else 0.002
        assert rate[id(parameter)] == pytest.approx(expected), name
    schedule = Schedule(found, settings("scheduler=onecycle")["scheduler"], 4, 5)
    for step in range(20):
        schedule.before_step(step)
        at = {id(p): g["lr"] for g in found.param_groups for p in g["params"]}
        assert at[id(network.fc.weight)] == pytest.approx(10 * at[id(network.conv1.weight)])


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0", "wide"])
def test_layers_nearer_to_the_head_learn_faster(name: str) -> None:
    wide = WideResNet(7, 1, depth=10, width=1)
    network: Any = wide if name == "wide" else build_transfer(name, 7)
    head = head_names(network)
    chosen = settings("optimizer.lr=0.02", "optimizer.layer_decay=0.5")["optimizer"]
    groups = build_optimizer(network, head, chosen).param_groups
    rate = {id(p): g["lr"] for g in groups for p in g["params"]}
    rates = [rate[id(p)] for p in network.parameters()]
    assert len(rates) == len(rate) and len(set(rates)) > 4
    own = {rate[id(p)] for n, p in network.named_parameters() if n.startswith(head)}
    assert own == {0.02} == {groups[-1]["lr"]}
    assert rates[0] == min(rates) == pytest.approx(0.02 * 0.5 ** (len(set(rates)) - 1))
    ranks = sorted(set(rates))
    assert [b / a for a, b in pairwise(ranks)] == pytest.approx([2] * (len(ranks) - 1))
    both = build_optimizer(network, head, chosen | {"backbone_scale": 0.1}).param_groups
    slower = {id(p): g["lr"] for g in both for p in g["params"]}
    stem = id(next(network.parameters()))
    assert slower[stem] == pytest.approx(0.1 * rate[stem]) and both[-1]["lr"] == 0.02


def test_frozen_parameters_are_not_in_the_optimiser() -> None:
    network = build_transfer("resnet18", 7)
    network.conv1.requires_grad_(False)
    found = build_optimizer(network, ("fc.",), settings()["optimizer"])
    inside = {id(p) for g in found.param_groups for p in g["params"]}
    assert id(network.conv1.weight) not in inside and id(network.bn1.weight) in inside


def test_an_unknown_optimiser_is_told_with_near_ones() -> None:
    network = nn.Linear(2, 2)
    with pytest.raises(ConfigError, match=r"optimizer\.name=adamv .*did you mean .*adamw"):
        build_optimizer(network, (), settings("optimizer.name=adamv")["optimizer"])
    with pytest.raises(ConfigError, match="list_optimizers"):
        build_optimizer(network, (), settings("optimizer.name=qqqqqq")["optimizer"])
