from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader

from fer.checks.fitting import MONITORS
from fer.models.classifiers import FaceClassifier
from fer.models.extra_channels import add_channels

Make = Callable[..., FaceClassifier]
SMALL = ("model=resnet18", "model.backbone=test_resnet")


def batches(count: int = 2, side: int = 32) -> DataLoader[Any]:
    generator = torch.Generator().manual_seed(3)
    made = [
        {
            "image": torch.rand(8, 1, side, side, generator=generator),
            "label": torch.arange(8) % 7,
        }
        for _ in range(count)
    ]
    return DataLoader(made, batch_size=None)  # type: ignore[arg-type]


def fitted(model: FaceClassifier, folder: Path, epochs: int = 1) -> Trainer:
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=folder,
    )
    trainer.fit(model, batches(), batches(1))
    return trainer


def all_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return type(value) is dict and all(map(all_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(all_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def test_hyperparameters_are_plain(make_classifier: Make) -> None:
    model = make_classifier(*SMALL, "loss.class_weights=[1,2,1,1,1,1,1]")
    assert all_plain(dict(model.hparams))


def test_a_checkpoint_rebuilds_the_model_without_running_code(
    make_classifier: Make, tmp_path: Path
) -> None:
    model = make_classifier(*SMALL, "scheduler=plateau")
    trainer = fitted(model, tmp_path)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert content["schedule"]["last_epoch"] == 1
    again = type(model)(**content["hyper_parameters"])
    again.load_state_dict(content["state_dict"])
    images = torch.rand(3, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.eval()(images), again.eval()(images))


def test_normalisation_happens_inside(make_classifier: Make) -> None:
    model = make_classifier(*SMALL, "data.channels=3").eval()
    images = torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model(images), model.network((images - 0.4) / 0.2))
        assert not torch.allclose(model(images), model.network(images))


def test_each_channel_has_its_own_normalisation(make_classifier: Make) -> None:
    model = make_classifier(*SMALL, "data.channels=3").eval()
    settings = dict(model.hparams)
    means, deviations = [0.1, 0.5, 0.9], [0.1, 0.2, 0.3]
    other = type(model)(**settings | {"mean": means, "deviation": deviations}).eval()
    seen = []
    other.network.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    with torch.no_grad():
        other(torch.tensor(means).view(1, 3, 1, 1).expand(2, 3, 32, 32) + 0.3)
    torch.testing.assert_close(seen[0][1, :, 5, 5], torch.tensor([3.0, 1.5, 1.0]))


def test_probabilities_are_averaged_over_views(make_classifier: Make) -> None:
    torch.manual_seed(0)  # weights for which views disagree; others answer one class to all
    model = make_classifier(*SMALL).eval()
    model.network.fc.weight.data *= 100  # decided answers, whose means differ from those of logits
    views = torch.rand(4, 5, 1, 32, 32) * torch.tensor([0, 1, 2, 4, -4]).view(1, 5, 1, 1, 1)
    with torch.no_grad():
        singly = torch.stack([model(views[:, view]).softmax(dim=1) for view in range(5)])
        averaged = model.probabilities(views)
        logits = torch.stack([model(views[:, view]) for view in range(5)]).mean(dim=0)
        torch.testing.assert_close(averaged, singly.mean(dim=0))
        torch.testing.assert_close(model.probabilities(views[:, 0]), singly[0])
    torch.testing.assert_close(averaged.sum(dim=1), torch.ones(4))
    assert not torch.allclose(averaged, logits.softmax(dim=1), atol=1e-3)


def test_every_metric_that_may_be_monitored_is_logged(
    make_classifier: Make, tmp_path: Path
) -> None:
    logged = fitted(make_classifier(*SMALL), tmp_path).callback_metrics
    assert set(MONITORS) == {name for name in logged if name.startswith("validation/")}
    assert {"train/loss", "train/accuracy"} <= set(logged)
    assert not any(name.startswith("test/") for name in logged)


def test_validation_loss_is_plain_cross_entropy(make_classifier: Make, tmp_path: Path) -> None:
    model = make_classifier(*SMALL, "loss=focal", "loss.smoothing=0.3")
    logged = fitted(model, tmp_path).callback_metrics
    batch = next(iter(batches(1)))
    with torch.no_grad():
        logits = model.eval()(batch["image"])
    expected = torch.nn.functional.cross_entropy(logits, batch["label"])
    assert float(logged["validation/loss"]) == pytest.approx(float(expected), rel=1e-4)
    right = (logits.argmax(dim=1) == batch["label"]).float().mean()
    assert float(logged["validation/accuracy"]) == pytest.approx(float(right))


def test_training_aims_at_the_target(make_classifier: Make) -> None:
    model = make_classifier(*SMALL, "loss=cross_entropy").eval()
    batch = next(iter(batches(1)))
    target = torch.rand(8, 7).softmax(dim=1)
    loss = model.training_step({**batch, "target": target}, 0)
    expected = torch.nn.functional.cross_entropy(model(batch["image"]), target)
    torch.testing.assert_close(loss, expected)
    assert abs(float(model.training_step(batch, 0) - loss)) > 1e-4


def test_metrics_weigh_every_image_alike(make_classifier: Make, tmp_path: Path) -> None:
    """The last, smaller batch of an epoch counts by its images."""
    model = make_classifier(*SMALL)
    fitted(model, tmp_path)
    whole = next(iter(batches(1)))
    parts = [{key: value[rows] for key, value in whole.items()} for rows in (slice(7), slice(7, 8))]
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
    )
    [together] = trainer.validate(model, DataLoader([whole], batch_size=None), verbose=False)
    [apart] = trainer.validate(model, DataLoader(parts, batch_size=None), verbose=False)
    assert apart == pytest.approx(together, rel=1e-4)


def test_frozen_norms_stay_through_a_fit(make_classifier: Make, tmp_path: Path) -> None:
    model = make_classifier("model=resnet18", "model.frozen_stages=3")
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    fitted(model, tmp_path)
    for key, value in model.network.state_dict().items():
        frozen = key.startswith(("conv1.", "bn1.", "layer1.", "layer2."))
        if frozen or key.endswith(("running_mean", "running_var")):
            assert torch.equal(value, before[key]) == frozen, key


def test_extra_channels_are_made_inside_the_model(make_classifier: Make) -> None:
    model = make_classifier(*SMALL, "model.extra_channels=[hos,lbp]", "data.channels=3").eval()
    seen = []
    model.network.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        model(images)
    expected = (add_channels(images, ["hos", "lbp"])[:, 3:] - 0.5) / 0.25
    torch.testing.assert_close(seen[0][:, :3], (images - 0.4) / 0.2)
    torch.testing.assert_close(seen[0][:, 3:], expected)
    again = type(model)(**model.hparams)
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(again.eval()(images), model(images))


@pytest.mark.parametrize("name", ["densenet121", "vgg19_bn", "mobilenetv3", "efficientnet_lite0"])
def test_any_network_takes_extra_channels(name: str, make_classifier: Make) -> None:
    model = make_classifier(f"model={name}", "model.extra_channels=[lbp]").eval()
    with torch.no_grad():
        assert model(torch.rand(2, 1, 48, 48)).shape == (2, 7)
