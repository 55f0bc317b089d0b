"""Where a training starts that does not start from nothing: the weights of another segmenter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.segmenter_model import WEIGHTS_FILE, SegmenterModel
from contourqa_training.segmenter_network import SegmentationNetwork, head_of
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.names import match


def take_weights(network: SegmentationNetwork, config: SegmenterConfig, start: SegmenterModel) -> None:
    """Give a network the weights of a trained one.

    Structures that the trained one knows, in any spelling, keep their output; the outputs of the others stay
    as they are.

    Args:
        network: changed in place.
        config: of the training; its network may differ from the other's in the number of outputs alone.
        start: the trained one.

    Raises:
        SettingError: the networks are of another shape, or their slices are made otherwise.
        ModelError: the weights are damaged.
    """
    theirs = start.config
    outputs = config.network.out_channels
    if replace(theirs.network, out_channels=outputs) != config.network:
        raise SettingError(
            f"The segmenter {start.folder} has another network than the configuration; take its own."
        )
    if theirs.slices.intensity != config.slices.intensity or _window(theirs) != _window(config):
        raise SettingError(
            f"The segmenter {start.folder} sees other intensities than the configuration; take its slices."
        )
    trained = start.network()
    source, target = head_of(trained), head_of(network)
    assert source.bias is not None
    assert target.bias is not None
    weight, bias = target.weight.detach().clone(), target.bias.detach().clone()
    for mine, other in _shared(config.model.structures, theirs.model.structures):
        weight[mine], bias[mine] = source.weight[other], source.bias[other]
    state = trained.state_dict()
    names = {id(value): name for name, value in network.named_parameters()}
    state[names[id(target.weight)]], state[names[id(target.bias)]] = weight, bias
    with torch.no_grad():
        network.load_state_dict(state)


def started_from(start: SegmenterModel, structures: Sequence[str]) -> dict[str, Any]:
    """What a model's config.json says of its start, as plain JSON values.

    Raises:
        ModelError: the weights cannot be read.
    """
    path = start.folder / WEIGHTS_FILE
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read; name the folder of a finished run.") from error
    shared = {mine for mine, _ in _shared(structures, start.config.model.structures)}
    return {
        "name": start.config.model.name,
        "weights_sha256": digest,
        "new_structures": [name for n, name in enumerate(structures) if n not in shared],
    }


def _shared(mine: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Numbers of the structures that two models share."""
    return [(mine.index(a), theirs.index(b)) for a, b in match(mine, theirs).pairs]


def _window(config: SegmenterConfig) -> tuple[float, ...]:
    s = config.slices
    window = (s.level_hu, s.width_hu)
    return window if s.intensity == "window" else (s.lower_percentile, s.upper_percentile)
