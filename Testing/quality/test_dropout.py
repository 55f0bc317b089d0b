"""Our dropout: how many values are missing, each by itself, in value and gradient alike, in any tensor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ContourQALib.errors import SettingError
from ContourQALib.networks.dropout import BYTE, Dropout

KEPT = 205 / 256
"""What a share of 0.2 leaves: 51 of 256 bytes are below 51."""

ANY_TENSOR: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda x: x,
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "transposed": lambda x: x.transpose(1, 3),
    "every second": lambda x: x[:, ::2, 1:, ::3],
    "a column": lambda x: x[..., 5],
    "expanded": lambda x: x[:, :1].expand(-1, 7, -1, -1),
    "overlapping windows": lambda x: x.flatten().unfold(0, 5, 2),
    "five dimensions, channels last": lambda x: x.reshape(4, 7, 3, 11, 13).contiguous(
        memory_format=torch.channels_last_3d
    ),
}


def ones() -> Tensor:
    """12 012 values along odd sides."""
    return torch.ones(4, 7, 33, 13)


def dropped(x: Tensor, share: float = 0.2, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return Dropout(share)(x)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_the_rounded_share_is_missing_and_the_mean_stays(share: float) -> None:
    count, chance = 1_000_000, round(BYTE * share) / BYTE
    made = dropped(torch.ones(count), share)
    # five standard deviations of a binomial: one in a million seeds would fail
    allowed = 5 * (chance * (1 - chance) / count) ** 0.5
    assert abs(float((made == 0).double().mean()) - chance) < allowed
    assert abs(float(made.double().mean()) - 1) < allowed / (1 - chance)
    assert torch.allclose(made[made > 0], torch.tensor(1 / (1 - chance)))


@pytest.mark.parametrize("view", ANY_TENSOR.values(), ids=ANY_TENSOR.keys())
def test_any_tensor_keeps_its_shape_and_loses_values_one_by_one(view: Callable[[Tensor], Tensor]) -> None:
    x = view(ones())
    made = dropped(x)
    assert made.shape == x.shape
    kept = made > 0
    assert torch.allclose(made[kept], torch.tensor(1 / KEPT))
    # five standard deviations of a binomial
    assert abs(float(kept.double().mean()) - KEPT) < 5 * (KEPT * (1 - KEPT) / x.numel()) ** 0.5
    for dimension in range(x.dim()):
        first, second = (kept.narrow(dimension, start, x.shape[dimension] - 1) for start in (0, 1))
        same = float((first == second).double().mean())
        # independent neighbors agree in 0.68 of all pairs; of the fewest, 693, five standard errors are 0.09
        assert abs(same - (KEPT**2 + (1 - KEPT) ** 2)) < 0.1, dimension


def test_the_eight_values_that_share_random_bits_are_independent() -> None:
    kept = (dropped(torch.ones(80_000)) > 0).double().reshape(-1, 8)
    correlation = torch.corrcoef(kept.T) - torch.eye(8)
    # five standard deviations of the correlation of 10 000 independent pairs, 1 / sqrt(10 000)
    assert correlation.abs().max() < 0.05
    assert not torch.equal(kept[:5_000], kept[5_000:])


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (7,), (8,), (9,), (1, 1, 3, 5)])
def test_small_odd_and_empty_tensors(shape: tuple[int, ...]) -> None:
    made = dropped(torch.ones(shape))
    assert made.shape == shape
    assert bool(((made == 0) | torch.isclose(made, torch.tensor(1 / KEPT))).all())


@pytest.mark.parametrize("view", ANY_TENSOR.values(), ids=ANY_TENSOR.keys())
def test_the_gradient_is_missing_where_the_value_is(view: Callable[[Tensor], Tensor]) -> None:
    x = view(ones()).detach().requires_grad_()
    made = dropped(x)
    made.sum().backward()  # of a sum the gradient is the gain itself, and so is the value of a one
    assert x.grad is not None
    assert torch.equal(x.grad, made.detach())


def test_a_seed_repeats_it_and_another_does_not() -> None:
    assert torch.equal(dropped(ones(), seed=3), dropped(ones(), seed=3))
    assert not torch.equal(dropped(ones(), seed=3), dropped(ones(), seed=4))
    torch.manual_seed(3)
    dropout = Dropout(0.2)
    assert not torch.equal(dropout(ones()), dropout(ones()))


def test_evaluation_and_a_share_of_zero_change_nothing() -> None:
    x = ones()
    assert Dropout(0.2).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_input_stays_as_it_is() -> None:
    x = ones()
    dropped(x)
    assert torch.equal(x, ones())


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_a_share_that_rounds_to_nothing_or_to_all_is_still_that_share(share: float) -> None:
    made = dropped(torch.ones(1_000_000), share)
    # 1000 of the one or the other are expected; five standard deviations of a binomial are 158
    assert abs(float((made == 0).double().mean()) - share) < 160e-6
    assert torch.allclose(made[made > 0], torch.tensor(1 / (1 - share)))


def test_half_precision_stays_half_precision() -> None:
    convolution, dropout = torch.nn.Conv2d(1, 4, 3), Dropout(0.2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = dropout(convolution(torch.rand(8, 1, 31, 33)))
    assert made.dtype == torch.bfloat16
    assert 0.15 < float((made == 0).double().mean()) < 0.25  # 0.199, of 28 768 values
    gains = dropped(torch.ones(1000, dtype=torch.bfloat16))
    # a bfloat16 near 1.25 is right to within half a step of 1/128
    assert abs(float(gains.max()) - 1 / KEPT) <= 1 / 256


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(SettingError, match=r"\[0, 1\)"):
        Dropout(share)


def test_it_says_its_share() -> None:
    assert repr(Dropout(0.2)) == "Dropout(share=0.2)"
