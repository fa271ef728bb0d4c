"""One LightningModule per kind of architecture: which network, and what counts as its head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from fer.extending.registry import Registry
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import head_names
from fer.models.networks.blend import Blend
from fer.models.networks.classical import ClassicalNetwork
from fer.models.networks.cnn import PlainCnn
from fer.models.networks.heads import MlpNetwork
from fer.models.networks.transfer import build_transfer
from fer.models.networks.wide_resnet import WideResNet


class TransferClassifier(FaceClassifier):
    """Any timm backbone with a linear head, frozen as deep as asked."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """See `fer.models.networks.transfer.build_transfer`."""
        return build_transfer(
            model["backbone"],
            classes,
            channels,
            model["stem_stride"],
            model["dropout"],
            model["drop_path"],
        )

    def head_names(self) -> tuple[str, ...]:
        """The last linear layer."""
        return head_names(self.network)

    def head_logits(self, outputs: Tensor) -> Tensor:
        """Drops as timm's networks do just before their last layer."""
        rate = self.hparams["model"]["dropout"]
        return super().head_logits(functional.dropout(outputs, rate, self.training))


class CnnClassifier(FaceClassifier):
    """A plain convolutional network of one of the studies."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """See `fer.models.networks.cnn.PlainCnn`."""
        size = self.hparams["size"]
        return PlainCnn(model["network"], classes, channels, size, model["dense"], model["dropout"])

    def head_names(self) -> tuple[str, ...]:
        """The last linear layer."""
        return head_names(self.network)


class WideClassifier(FaceClassifier):
    """A wide residual network."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """See `fer.models.networks.wide_resnet.WideResNet`."""
        return WideResNet(
            classes,
            channels,
            model["depth"],
            model["width"],
            model["stem_stride"] or 1,
            model["dropout"],
            model["drop_path"],
        )

    def head_names(self) -> tuple[str, ...]:
        """The last linear layer."""
        return head_names(self.network)


class MlpClassifier(FaceClassifier):
    """Any timm backbone with Chen's MLP head."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """See `fer.models.networks.heads.MlpNetwork`."""
        return MlpNetwork(
            model["backbone"],
            classes,
            channels,
            self.hparams["size"],
            model["head_widths"],
            model["dropout"],
            model["attention_heads"],
            model["stem_stride"],
            model["drop_path"],
        )

    def head_names(self) -> tuple[str, ...]:
        """All of the MLP."""
        return head_names(self.network)


class BlendClassifier(FaceClassifier):
    """Finished models, frozen, and what joins their answers."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """Members as their own hyperparameters say; see `fer.models.networks.blend.Blend`."""
        members = [CLASSIFIERS[member["model"]["kind"]](**member) for member in model["members"]]
        return Blend(members, model["join"], classes)

    def head_names(self) -> tuple[str, ...]:
        """The joining layer."""
        return ("joined.",)


class ClassicalClassifier(FaceClassifier):
    """A descriptor and a classifier that scikit-learn fits: its "logits" are log-probabilities."""

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """See `fer.models.networks.classical.ClassicalNetwork`."""
        return ClassicalNetwork(model, classes)


CLASSIFIERS: Registry[type[FaceClassifier]] = Registry(
    "model.kind",
    {
        "transfer": TransferClassifier,
        "cnn": CnnClassifier,
        "wide_resnet": WideClassifier,
        "mlp_head": MlpClassifier,
        "blend": BlendClassifier,
        "classical": ClassicalClassifier,
    },
)
"""By `model.kind`."""
