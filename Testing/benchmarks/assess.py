"""What an assessment costs after loading: one structure, several together, and the paper's own network.

    python Testing/benchmarks/assess.py [--model hippocampus-t1] [--grid 48x64x48] [--repeats 5] [--threads 2]

Grids are those of issue and paper: 160x160x28 and 48x64x48 voxels of 1 mm with a ball for a contour, named as
the model's first structure. Rows: `assess` of one contour, of several in one call and one by one, and the
forward pass alone of the paper-literal network at the same size. Medians; the first call, which loads the
model, does not count.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from measuring import repeated

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.predict import assess

SHAPES = {"160x160x28": (28, 160, 160), "48x64x48": (48, 64, 48)}
TARGETS_S = {"160x160x28": 0.35, "48x64x48": 0.10}
"""Seconds a structure that issue 6 asks for on two cores."""

RADIUS_MM = 8.0
TOGETHER = 5


def case(shape: tuple[int, int, int], model: QualityModel) -> tuple[Image, list[Contour]]:
    """Noise as the model's modality has it, and balls that move through it."""
    grid = Grid.for_shape(shape, (1.0, 1.0, 1.0))
    level, noise = (-100.0, 300.0) if model.card.modality == "CT" else (400.0, 80.0)
    values = np.random.default_rng(0).normal(level, noise, shape).astype(np.float32)
    index = np.indices(shape)
    contours = []
    for number in range(TOGETHER):
        center = [n / 2 for n in shape[:2]] + [shape[2] / 2 + 2 * (number - TOGETHER // 2)]
        squares = sum((axis - middle) ** 2 for axis, middle in zip(index, center, strict=True))
        contours.append(Contour(squares <= RADIUS_MM**2, grid, model.card.structures[0]))
    return Image(values, grid), contours


def paper_forward(shape: tuple[int, int, int]) -> Callable[[], object]:
    """The forward pass of the paper's network on one window of this size."""
    network = EfficientDet3D(EfficientDet3DConfig()).eval()
    window = torch.rand(1, 2, *shape)

    def work() -> object:
        with torch.inference_mode():
            return network(window)

    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="hippocampus-t1")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--grid", choices=SHAPES, action="append", help="both by default; repeatable")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = find_model(options.model)
    print(f"{'grid':12} {'what':38} {'wall s':>8} {'CPU s':>8} {'s / structure':>14} {'paper / ours':>13}")
    for name in options.grid or SHAPES:
        shape = SHAPES[name]
        image, contours = case(shape, model)
        paper, _ = repeated(paper_forward(shape), options.repeats)
        works: dict[str, tuple[int, Callable[[], object]]] = {
            "assess, one structure": (1, lambda i=image, c=contours: assess(i, c[:1], model)),
            f"assess, {TOGETHER} structures together": (
                TOGETHER,
                lambda i=image, c=contours: assess(i, c, model),
            ),
            f"assess, {TOGETHER} structures one by one": (
                TOGETHER,
                lambda i=image, c=contours: [assess(i, [one], model) for one in c],
            ),
        }
        for what, (count, work) in works.items():
            cost, _ = repeated(work, options.repeats)
            each = cost.wall_s / count
            costs = f"{cost.wall_s:8.3f} {cost.cpu_s:8.3f} {each:14.3f} {paper.wall_s / each:12.1f}x"
            print(f"{name:12} {what:38} {costs}")
        print(f"{name:12} {'paper-literal network, forward alone':38} {paper.wall_s:8.3f} {paper.cpu_s:8.3f}")
        print(f"{name:12} {'asked for, one structure':38} {TARGETS_S[name]:8.3f}")


if __name__ == "__main__":
    main()
