"""Batches of the first paper's network: samples side by side, in the types that it takes."""

from __future__ import annotations

import numpy as np
import torch

from contourqa_training.batches import Sample, collate


def test_samples_become_one_batch_in_their_order() -> None:
    random = np.random.default_rng(0)
    samples = [
        Sample(random.random((2, 3, 4, 5)).astype(np.float32), n / 3, random.random((3, 4, 5)) > 0.5)
        for n in range(3)
    ]
    x, dice, error = collate(samples)
    assert (x.dtype, dice.dtype, error.dtype) == (torch.float32,) * 3
    assert (x.shape, error.shape) == ((3, 2, 3, 4, 5), (3, 3, 4, 5))
    for n, sample in enumerate(samples):
        assert np.array_equal(x[n], sample.x)
        assert np.array_equal(error[n] > 0, sample.error)
    assert dice.tolist() == [np.float32(sample.dice) for sample in samples]
