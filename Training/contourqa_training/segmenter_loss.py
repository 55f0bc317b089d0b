"""The losses: binary cross entropy and 2D Dice (Bice 2021, eq. 5); weighted cross entropy (Geng 2024)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from contourqa_training.segmenter_network import with_background

SMOOTHING = 1.0
"""Pixels added above and below in soft Dice: an empty slice that is predicted empty then counts as 1."""


def slice_losses(logits: Tensor, masks: Tensor, dice_weight: float) -> Tensor:
    """(1 - lambda) BCE + lambda (1 - 2D Dice) of every slice and organ.

    The formula of eq. 5 is lost in the paper's text; this is the mixture that its words and its range of
    lambda describe. BCE is the mean over the slice's pixels. 2D Dice is the soft one, with `SMOOTHING` s:
    (2 sum(p m) + s) / (sum(p) + sum(m) + s).

    Args:
        logits: (N, S, H, W), before the sigmoid, from which the cross entropy stays finite.
        masks: (N, S, H, W), 0 and 1.
        dice_weight: lambda, in [0, 1].

    Returns:
        (N, S), float32.
    """
    logits, masks = logits.float(), masks.float()
    entropy = functional.binary_cross_entropy_with_logits(logits, masks, reduction="none").mean(dim=(2, 3))
    if dice_weight == 0:
        return entropy
    probability = torch.sigmoid(logits)
    shared = (probability * masks).sum(dim=(2, 3))
    total = probability.sum(dim=(2, 3)) + masks.sum(dim=(2, 3))
    dice = (2 * shared + SMOOTHING) / (total + SMOOTHING)
    return (1 - dice_weight) * entropy + dice_weight * (1 - dice)


def class_losses(
    logits: Tensor, masks: Tensor, known: Tensor, weights: Tensor, *, keep_probabilities: bool
) -> Tensor:
    """Class-weighted cross entropy of every slice, the mean over its pixels.

    A structure that was not contoured in a patient may be anywhere in the background: there its probability
    counts as the background's. A voxel of two structures belongs to the first.

    Args:
        logits: (N, S, H, W), those of a softmax in which the background's is 0.
        masks: (N, S, H, W), 0 and 1.
        known: (N, S), true where the structure was contoured in the slice's patient.
        weights: (S + 1,) of the classes, the background's first.
        keep_probabilities: see `SegmenterTraining`.

    Returns:
        (N,), float32.
    """
    there = known[:, :, None, None]
    absent = torch.finfo(torch.float32).min  # of the probability 0, with a gradient of 0
    logits = logits.float()
    rest = with_background(torch.where(there, absent, logits)).logsumexp(dim=1, keepdim=True)
    classes = torch.cat((rest, torch.where(there, logits, absent)), dim=1)
    if keep_probabilities:  # the loss then is least where the logits are without the weights
        classes = classes + weights.log()[:, None, None]
    drawn = (masks > 0) & there
    label = torch.where(drawn.any(dim=1), drawn.int().argmax(dim=1) + 1, 0)
    return functional.cross_entropy(classes, label, weights, reduction="none").mean(dim=(1, 2))


def mean_over_known(losses: Tensor, known: Tensor) -> Tensor:
    """The mean over organs of each organ's mean over the slices where it is known.

    Args:
        losses: (N, S).
        known: (N, S), true where the organ was contoured in the slice's patient.

    Returns:
        A number; 0 where no organ is known at all.
    """
    counts = known.sum(dim=0)
    sums = torch.where(known, losses, 0.0).sum(dim=0)
    return (sums / counts.clamp_min(1)).sum() / (counts > 0).sum().clamp_min(1)
