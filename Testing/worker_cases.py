"""Small cases for the computing process, and one that it cannot end soon."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.worker_requests import SweepRequest
from shapes import ball_mask

SHAPE = (20, 40, 40)
GRID = Grid.for_shape(SHAPE)
BALL = Contour(ball_mask(SHAPE, (10, 20, 20), 7.0), GRID, "ball")
MOVED = Contour(ball_mask(SHAPE, (10, 20, 22), 7.0), GRID, "ball")
MR = Image(np.random.default_rng(0).normal(500, 50, SHAPE).astype(np.int16), GRID)
FOGGY = ProbabilityMap(np.random.default_rng(1).random(SHAPE).astype(np.float32) * BALL.mask, GRID, "ball")


def endless() -> SweepRequest:
    """A sweep of noise: half a minute and more in compiled code that looks at no flag."""
    shape = (64, 256, 256)
    noise = np.random.default_rng(2).random(shape, np.float32)
    reference = Contour(np.random.default_rng(3).random(shape, np.float32) > 0.5, Grid.for_shape(shape), "a")
    return SweepRequest(ProbabilityMap(noise, Grid.for_shape(shape), "a"), reference)
