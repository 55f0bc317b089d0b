"""What the first paper's network costs: parameters, multiply-adds, seconds a prediction and a training step.

    python Testing/benchmarks/network.py [--repeats 3]

Convolutions alone are counted (torch's counter). Medians, on as many threads as torch chooses.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig

WINDOW = (48, 64, 48)
PAPER = EfficientDet3DConfig()
CASES = {
    "isaksson, 160x160x28": (PAPER, (28, 160, 160), 1),
    "isaksson, stem 1x2x2": (PAPER, WINDOW, 4),
    "isaksson, stem 2x2x2": (replace(PAPER, stem_stride=(2, 2, 2)), WINDOW, 4),
}


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of `work`, s; the first run, which picks kernels, is not counted."""
    taken = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{'network':24} {'parameters':>10} {'GMAC':>6} {'predict s':>10} {'step s':>8}  batch of the step")
    for name, (config, shape, batch) in CASES.items():
        network = EfficientDet3D(config)
        parameters = sum(p.numel() for p in network.parameters())
        one, several = torch.rand(1, 2, *shape), torch.rand(batch, 2, *shape)
        network.eval()
        with torch.inference_mode():
            with FlopCounterMode(display=False) as counter:
                network(one)
            predict = median_seconds(lambda n=network, x=one: n(x), repeats)
        network.train()
        step = (
            median_seconds(lambda n=network, x=several: n(x).sum().backward(), repeats) if batch > 1 else None
        )
        shown = f"{step:8.2f}" if step is not None else f"{'-':>8}"
        gmac = counter.get_total_flops() / 2e9
        print(f"{name:24} {parameters:10d} {gmac:6.2f} {predict:10.3f} {shown}  {batch}")


if __name__ == "__main__":
    main()
