"""What a prediction costs on this machine: parameters, multiply-adds, time and memory."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from typing import Any

from contourqa_training.evaluation.measuring import ask
from ContourQALib.case import Contour, Image
from ContourQALib.quality.model import QualityModel

REPEATS = 7
"""Timed predictions; the first, which picks kernels, is not counted."""

NO_GPU = "This machine has no GPU."


def measure_cost(model: QualityModel, image: Image, contour: Contour) -> dict[str, Any]:
    """Parameters, GMAC, latency of one contour from arrays to figures, and peak memory of the process.

    Args:
        model: what predicts.
        image: an image.
        contour: a contour on it, not empty.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    network = model.loaded.network
    ask(model, image, [contour], [None])
    with FlopCounterMode(display=False) as counter:
        ask(model, image, [contour], [None])
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        ask(model, image, [contour], [None])
        taken.append(time.perf_counter() - started)
    # Linux counts kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    record: dict[str, Any] = {
        "parameters": sum(p.numel() for p in network.parameters()),
        "gmac": counter.get_total_flops() / 2e9,
        "threads": torch.get_num_threads(),
        "image_voxels_kji": list(image.grid.shape),
        "prediction_ms": 1000 * statistics.median(taken),
        "peak_memory_mb": peak / 1e6,
        "device": str(next(network.parameters()).device),
        "gpu": {"reason": NO_GPU, "name": None, "prediction_ms": None, "peak_memory_mb": None},
    }
    if torch.cuda.is_available():
        record["gpu"] = _gpu(torch, network, record["prediction_ms"])
    return record


def _gpu(torch: Any, network: Any, prediction_ms: float) -> dict[str, Any]:
    """What is known of the graphics card: its name, and the time where the model already runs on it."""
    name = torch.cuda.get_device_name()
    if next(network.parameters()).device.type != "cuda":
        reason = "The model runs on the processor although there is a GPU."
        return {"reason": reason, "name": name, "prediction_ms": None, "peak_memory_mb": None}
    memory = torch.cuda.max_memory_allocated() / 1e6
    return {"reason": None, "name": name, "prediction_ms": prediction_ms, "peak_memory_mb": memory}
