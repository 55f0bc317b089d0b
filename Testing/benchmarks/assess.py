"""What an assessment costs after loading: one structure, several together, and the paper's own network.

    python Testing/benchmarks/assess.py [--model hippocampus-t1] [--grid 48x64x48] [--repeats 5] [--threads 2]
    python Testing/benchmarks/assess.py --scan [--threads 2]

Grids are those of issue and paper: 160x160x28 and 48x64x48 voxels of 1 mm with a ball for a contour, named as
the model's first structure. Rows: `assess` of one contour, of several in one call and one by one, and the
forward pass alone of the paper-literal network at the same size. Medians; the first call, which loads the
model, does not count. `--scan` assesses 20 structures on a CT of 512x512x150 voxels, the contours cropped to
their boxes as Slicer gives them, by the model `headneck-ct`; memory is what is held above image and model.
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

SCAN, SCAN_SPACING = (150, 512, 512), (0.98, 0.98, 3.0)
SCAN_MODEL, SCAN_STRUCTURES = "headneck-ct", 20
SCAN_BOX = (24, 60, 60)

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


def scan() -> tuple[Image, list[Contour]]:
    """A whole CT of noise, and balls of 18 mm in boxes of their own, here and there in it."""
    grid, random = Grid.for_shape(SCAN, SCAN_SPACING), np.random.default_rng(0)
    values = random.normal(40, 60, SCAN).astype(np.int16)
    names = find_model(SCAN_MODEL).card.structures
    index = np.indices(SCAN_BOX)
    spacing = SCAN_SPACING[::-1]
    squares = sum(((axis - n / 2) * mm) ** 2 for axis, n, mm in zip(index, SCAN_BOX, spacing, strict=True))
    contours = []
    for number in range(SCAN_STRUCTURES):
        first = [
            int(random.integers(n // 3, 2 * n // 3 - side)) for n, side in zip(SCAN, SCAN_BOX, strict=True)
        ]
        box = [slice(start, start + side) for start, side in zip(first, SCAN_BOX, strict=True)]
        contours.append(Contour(squares <= 18.0**2, grid.part(box), names[number % len(names)]))
    return Image(values, grid), contours


def print_scan(repeats: int) -> None:
    image, contours = scan()
    model = find_model(SCAN_MODEL)
    cost, _ = repeated(lambda: assess(image, contours, model), repeats)
    size = "x".join(map(str, SCAN[::-1]))
    print(
        f"{SCAN_STRUCTURES} structures on {size}: wall {cost.wall_s:.2f} s, CPU {cost.cpu_s:.2f} s, ", end=""
    )
    print(f"peak {cost.peak_mb:.0f} MB above image and model")


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
    parser.add_argument("--scan", action="store_true", help="20 structures on a whole CT, and nothing else")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.scan:
        print_scan(options.repeats)
        return
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
