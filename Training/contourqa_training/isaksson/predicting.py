"""Predicted Dice of windows by a trained fold, with the batch statistics of the paper and with others."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from contourqa_training.batches import Batch
from ContourQALib.networks.efficientdet3d import EfficientDet3D

CHUNK = 8
"""Windows predicted in one pass."""


def predict(network: EfficientDet3D, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Predicted Dice (n,) of inputs (2, K, J, I) each, with the network as it is (evaluation mode)."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(inputs), CHUNK):
            batch = torch.from_numpy(np.stack(inputs[start : start + CHUNK]))
            found.append(network(batch).double().numpy())
    return np.concatenate(found)


def predict_in_twos(network: EfficientDet3D, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The same with the statistics of each two inputs, as in training: no way to use a model, but a measure.

    The network is left as it was. Of an odd number the last one is paired with the first.
    """
    twin = copy.deepcopy(network)
    _batch_norms_in_training(twin, momentum=0.0)
    found = []
    with torch.no_grad():
        for start in range(0, len(inputs), 2):
            two = [inputs[start], inputs[(start + 1) % len(inputs)]]
            found.append(twin(torch.from_numpy(np.stack(two))).double().numpy())
    return np.concatenate(found)[: len(inputs)]


def with_fresh_statistics(network: EfficientDet3D, batches: Iterable[Batch]) -> EfficientDet3D:
    """A copy in evaluation mode with the same weights, its batch statistics taken anew as plain means.

    Args:
        network: a trained network; not changed.
        batches: training batches to take them from.
    """
    fresh = copy.deepcopy(network)
    _batch_norms_in_training(fresh, momentum=None)
    with torch.no_grad():
        for x, _, _ in batches:
            fresh(x)
    return fresh.eval()


def _batch_norms_in_training(network: EfficientDet3D, momentum: float | None) -> None:
    """Let every batch norm use its batch; a momentum of None starts its statistics anew as plain means."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm3d):
            if momentum is None:
                layer.reset_running_stats()
            layer.momentum = momentum
            layer.train()
