"""The networks that a segmenter can be, by name, and what their outputs mean.

Every network gives one logit a structure. Independent ones go through a sigmoid each. Exclusive ones are the
logits of a softmax in which the background's is 0: a softmax has one logit more than it needs, and without it
the same weights serve both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from contourqa_training.config_file import read_section
from ContourQALib.errors import SettingError
from ContourQALib.networks.dpn_unet import DpnUNet, DpnUNetConfig
from ContourQALib.networks.unet2d import UNet2D, UNet2DConfig

NetworkConfig = UNet2DConfig | DpnUNetConfig
SegmentationNetwork = UNet2D | DpnUNet

UNET = "unet2d"
DPN_UNET = "dpn-unet"

SECTION = "network"


def read_network(sections: Mapping[str, Any]) -> NetworkConfig:
    """The network of a configuration; its setting `kind` says which, a `UNet2D` where nothing is said.

    Raises:
        SettingError: there is no such kind, or a setting cannot be used.
    """
    settings = sections.get(SECTION, {})
    kind = UNET
    if isinstance(settings, dict):
        kind = settings.get("kind", UNET)
        settings = {name: value for name, value in settings.items() if name != "kind"}
    if kind == UNET:
        return read_section(UNet2DConfig, {SECTION: settings}, SECTION)
    if kind == DPN_UNET:
        return read_section(DpnUNetConfig, {SECTION: settings}, SECTION)
    raise SettingError(f"network.kind must be {UNET} or {DPN_UNET}, not {kind!r}.")


def network_record(config: NetworkConfig) -> dict[str, Any]:
    """The settings as `read_network` takes them."""
    return {"kind": UNET if isinstance(config, UNet2DConfig) else DPN_UNET, **asdict(config)}


def build_network(config: NetworkConfig) -> SegmentationNetwork:
    """The untrained network."""
    return UNet2D(config) if isinstance(config, UNet2DConfig) else DpnUNet(config)


def head_of(network: SegmentationNetwork) -> nn.Conv2d:
    """The last convolution: one row of weights and one bias a structure."""
    head = network.head if isinstance(network, UNet2D) else network.head[-1]
    assert isinstance(head, nn.Conv2d)
    return head


def probabilities(logits: Tensor, *, exclusive: bool) -> Tensor:
    """Probability of each structure, (N, S, H, W) as the logits."""
    if not exclusive:
        return torch.sigmoid(logits)
    return torch.softmax(with_background(logits), dim=1)[:, 1:]


def with_background(logits: Tensor) -> Tensor:
    """Logits (N, S + 1, H, W) of a softmax whose first class is the background."""
    return functional.pad(logits, (0, 0, 0, 0, 1, 0))


def found(logits: Tensor, *, exclusive: bool) -> Tensor:
    """Bool (N, S, H, W): where a structure is likelier than not, or likelier than everything else.

    Exclusive ones share no voxel: of equal ones the first is found.
    """
    if not exclusive:
        return logits > 0
    likeliest = with_background(logits).argmax(dim=1)
    return torch.stack([likeliest == s for s in range(1, logits.shape[1] + 1)], dim=1)


def refresh_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give batch norms the mean and variance that they see without dropout; the network is left evaluating.

    Args:
        network: any; without batch norms nothing changes.
        batches: slices (N, 1, H, W) in [0, 1], as in training; every batch counts alike.
    """
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
        norm.train()
    with torch.no_grad():
        for batch in batches if norms else ():
            network(batch.contiguous(memory_format=torch.channels_last))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
