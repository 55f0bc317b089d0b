"""The networks of segmenters by name, and what their logits mean, for one structure or for all together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from contourqa_training.segmenter_network import (
    DPN_UNET,
    UNET,
    NetworkConfig,
    build_network,
    found,
    head_of,
    network_record,
    probabilities,
    read_network,
    refresh_statistics,
    with_background,
)
from ContourQALib.errors import SettingError
from ContourQALib.networks.dpn_unet import DpnUNetConfig
from ContourQALib.networks.unet2d import UNet2DConfig

SMALL: tuple[NetworkConfig, ...] = (
    UNet2DConfig(out_channels=3, filters=(4, 8), decoder_filters=()),
    DpnUNetConfig(out_channels=3, widths=(8, 16), growths=(2, 4), depths=(1, 2), groups=2),
)


@pytest.fixture(scope="module")
def logits() -> torch.Tensor:
    """Of two slices and three structures."""
    return torch.from_numpy(np.random.default_rng(5).normal(0, 2, (2, 3, 9, 11)))


@pytest.mark.parametrize("config", SMALL)
def test_a_configuration_survives_its_record(config: NetworkConfig) -> None:
    record = network_record(config)
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in record.items()}
    assert read_network({"network": plain}) == config


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, UNet2DConfig()),
        ({"network": {"dropout": 0.1}}, UNet2DConfig(dropout=0.1)),  # runs of before there was a choice
        ({"network": {"kind": UNET}}, UNet2DConfig()),
        ({"network": {"kind": DPN_UNET}}, DpnUNetConfig()),
        ({"network": {"kind": DPN_UNET, "groups": 4}}, DpnUNetConfig(groups=4)),
    ],
)
def test_the_kind_says_which_network(sections: dict[str, Any], expected: NetworkConfig) -> None:
    assert read_network(sections) == expected


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kind": "nnunet"}, "network.kind must be unet2d or dpn-unet, not 'nnunet'"),
        ({"kind": 3}, "network.kind must be"),
        ({"kind": DPN_UNET, "dropout": 0.2}, "no setting dropout"),  # a setting of the other kind
        ({"kind": UNET, "groups": 8}, "no setting groups"),
        ("unet2d", "must be a section of settings"),
    ],
)
def test_a_network_that_cannot_be_is_one_sentence(settings: object, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        read_network({"network": settings})


@pytest.mark.parametrize("config", SMALL)
def test_the_head_alone_decides_a_structure_s_logit(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = build_network(config).eval()
    x = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        before = network(x)
        head = head_of(network)
        assert head.weight.shape[0] == 3
        assert head.bias is not None
        head.weight[1] = 0
        head.bias[1] = 7
        after = network(x)
    assert torch.equal(after[:, 1], torch.full_like(after[:, 1], 7))
    assert torch.equal(after[:, [0, 2]], before[:, [0, 2]])


def test_exclusive_probabilities_and_the_background_s_sum_to_one(logits: torch.Tensor) -> None:
    p = probabilities(logits, exclusive=True)
    # the background's logit is 0, so that its share is 1 in the denominator
    background = 1 / (1 + logits.exp().sum(dim=1))
    torch.testing.assert_close(p.sum(dim=1) + background, torch.ones_like(background))
    torch.testing.assert_close(p, logits.exp() * background[:, None])


def test_a_single_exclusive_structure_is_a_sigmoid(logits: torch.Tensor) -> None:
    one = logits[:, :1]
    torch.testing.assert_close(probabilities(one, exclusive=True), torch.sigmoid(one))
    assert torch.equal(found(one, exclusive=True), found(one, exclusive=False))


def test_independent_probabilities_know_nothing_of_each_other(logits: torch.Tensor) -> None:
    p = probabilities(logits, exclusive=False)
    torch.testing.assert_close(p, 1 / (1 + torch.exp(-logits)))
    drawn = found(logits, exclusive=False)
    assert torch.equal(drawn, p > 0.5)
    assert int(drawn.sum(dim=1).max()) == 3  # all three in one voxel


def test_what_is_found_of_exclusive_ones_is_the_likeliest_class(logits: torch.Tensor) -> None:
    classes = with_background(logits)
    assert not classes[:, 0].any()
    likeliest = np.argmax(classes.numpy(), axis=1)
    drawn = found(logits, exclusive=True)
    for s in range(3):
        assert np.array_equal(drawn[:, s].numpy(), likeliest == s + 1)
    assert set(np.unique(likeliest)) == {0, 1, 2, 3}


def test_exclusive_structures_share_no_voxel_even_where_they_are_alike() -> None:
    alike = torch.full((1, 3, 1, 2), 2.0)
    alike[..., 1] = 0.0  # as likely as the background
    assert found(alike, exclusive=True).tolist() == [[[[True, False]], [[False, False]], [[False, False]]]]


def test_logits_beyond_what_exp_holds_are_probabilities() -> None:
    far = torch.tensor([1000.0, -1000.0]).reshape(1, 2, 1, 1)
    assert probabilities(far, exclusive=True).flatten().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_refreshed_statistics_are_the_plain_means_over_batches_without_dropout(dropout: float) -> None:
    torch.manual_seed(0)
    config = UNet2DConfig(out_channels=2, filters=(4, 8), decoder_filters=(), dropout=dropout)
    network = build_network(config).train()
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    batches = [torch.rand(2, 1, 8, 8) for _ in range(3)]
    for batch in batches:
        network(batch)  # what training leaves behind, under dropout
    seen: list[list[torch.Tensor]] = [[] for _ in norms]
    hooks = [
        norm.register_forward_pre_hook(lambda _, inputs, kept=kept: kept.append(inputs[0].detach()))
        for norm, kept in zip(norms, seen, strict=True)
    ]
    refresh_statistics(network, iter(batches))
    for hook in hooks:
        hook.remove()
    for norm, inputs, momentum in zip(norms, seen, momenta, strict=True):
        assert len(inputs) == len(batches)
        mean = torch.stack([x.mean(dim=(0, 2, 3)) for x in inputs]).mean(dim=0)
        variance = torch.stack([x.var(dim=(0, 2, 3)) for x in inputs]).mean(dim=0)
        # 1e-5: sums in float32
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-5, atol=1e-5)
        assert norm.momentum == momentum
    assert not any(module.training for module in network.modules())
    # without dropout the same batches give the same statistics again
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    refresh_statistics(network, batches)
    after = [norm.running_mean for norm in norms if norm.running_mean is not None]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_network_without_batch_norms_is_left_as_it_is() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1))
    refresh_statistics(network, iter([]))
    assert not network.training
