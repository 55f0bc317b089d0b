"""What training the 2D U-Net costs: seconds for 64 slices, by dropout, frame, batch and threads.

    python Testing/benchmarks/segmenter.py [--repeats 3] [--quick]

The network and the loss of `bice-two-cores`, seven organs, slices of noise: forward, backward and a step of
Adam in full precision. Medians. The last line has nanoseconds a value of either dropout, forward alone, on
one thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import torch
from torch import nn

from contourqa_training.segmenter_config import read_segmenter_config
from contourqa_training.segmenter_loss import mean_over_known, slice_losses
from contourqa_training.segmenter_module import SegmenterModule
from ContourQALib.networks.dropout import Dropout

CONFIG = read_segmenter_config("bice-two-cores")
SLICES = 64
FRAMES = (128, 80)
BATCHES = (64, 16)
DROPOUTS: dict[str, Callable[[float], nn.Module]] = {"torch": nn.Dropout, "ours": Dropout}
VALUES = (16, 16, 80, 80)
"""A first layer's output, small enough that getting memory is not what is measured."""


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of `work`, s; the first run, which picks kernels, is not counted."""
    taken = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def with_dropout(dropout: Callable[[float], nn.Module]) -> SegmenterModule:
    """The segmenter with one dropout or the other."""
    torch.manual_seed(0)
    module = SegmenterModule(CONFIG.network, CONFIG.training)
    for block in [m for m in module.modules() if isinstance(m, nn.Sequential)]:
        for name, part in block.named_children():
            if isinstance(part, Dropout):
                setattr(block, name, dropout(part.share))
    return module


def seconds(module: SegmenterModule, frame: int, batch: int, repeats: int) -> float:
    """Median wall time of training on `SLICES` slices, s."""
    optimizer = module.configure_optimizers()
    x = torch.rand(batch, 1, frame, frame)
    masks = (torch.rand(batch, CONFIG.network.out_channels, frame, frame) < 0.01).float()
    known = torch.ones(masks.shape[:2], dtype=torch.bool)

    def work() -> None:
        for _ in range(SLICES // batch):
            optimizer.zero_grad()
            mean_over_known(slice_losses(module(x), masks, CONFIG.training.dice_weight), known).backward()
            optimizer.step()

    return median_seconds(work, repeats)


def cases(quick: bool) -> Iterator[tuple[int, int, int]]:
    """Frame, batch and threads of each row."""
    every = sorted({1, torch.get_num_threads()})
    yield from [(80, 16, 1)] if quick else product(FRAMES, BATCHES, every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="One frame, batch and thread, once.")
    asked = parser.parse_args()
    repeats = 1 if asked.quick else asked.repeats
    load = os.getloadavg()[0]
    print(f"torch {torch.__version__}, {os.cpu_count()} cores; others kept {load:.1f} of them busy before.")
    print(f"{'frame':>7} {'batch':>5} {'threads':>7} " + " ".join(f"{name:>7}" for name in DROPOUTS))
    for frame, batch, threads in cases(asked.quick):
        torch.set_num_threads(threads)
        taken = [seconds(with_dropout(dropout), frame, batch, repeats) for dropout in DROPOUTS.values()]
        print(
            f"{frame:3}x{frame:<3} {batch:5} {threads:7} " + " ".join(f"{s:7.2f}" for s in taken), flush=True
        )
    torch.set_num_threads(1)
    x = torch.rand(VALUES)
    each = [median_seconds(partial(make(0.2), x), repeats) / x.numel() for make in DROPOUTS.values()]
    print(f"{'ns a value':>21} " + " ".join(f"{s * 1e9:7.1f}" for s in each))


if __name__ == "__main__":
    main()
