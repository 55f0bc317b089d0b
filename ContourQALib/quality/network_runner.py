"""NetworkRunner: an error network on a processor or a GPU, asked about many windows at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.errors import SettingError

WINDOWS_AT_ONCE = 8
"""Windows of a batch: a GPU is kept busy, and a processor's caches are not overrun."""

AUTOMATIC = "auto"
"""The device that is there: a GPU, else the processor."""

DEVICES = (AUTOMATIC, "cpu", "cuda")


def device_for(wanted: str = AUTOMATIC) -> str:
    """The device to compute on, "cpu" or "cuda".

    Args:
        wanted: one of `DEVICES`.

    Raises:
        SettingError: another one, or "cuda" where torch finds no GPU.
    """
    import torch

    if wanted not in DEVICES:
        raise SettingError(f"There is no device {wanted!r}: choose one of {', '.join(DEVICES)}.")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise SettingError(
            "No GPU that torch can use was found: choose the device automatically, or the CPU."
        )
    if wanted == AUTOMATIC:
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


@dataclass(frozen=True, eq=False)
class WindowAnswers:
    """What the network says of each window.

    Attributes:
        errors: float32 (W, K, J, I), probability that a voxel is wrong.
        distances_mm: float32 (W, 2), HD95 and MSD.
        features: float32 (W, F).
    """

    errors: np.ndarray
    distances_mm: np.ndarray
    features: np.ndarray


class NetworkRunner:
    """An `ErrorUNet3D` and the device that it runs on.

    On a GPU it computes in half precision where that is safe, and replays a recorded graph for the window
    sizes it has seen, since launching its many small kernels takes longer than they do. A GPU without enough
    memory is given up for the processor, with a warning.

    Args:
        network: the network.
        device: as `device_for` takes it.
    """

    def __init__(self, network: Any, device: str = AUTOMATIC) -> None:
        self.device = device_for(device)
        self.network = network.eval().to(self.device)
        self._graphs: dict[tuple[int, ...], Any] = {}

    def __call__(self, inputs: np.ndarray, structures: Sequence[int]) -> WindowAnswers:
        """Ask about windows.

        Args:
            inputs: float32 (W, 3, K, J, I), sizes multiples of the network's.
            structures: number of each window's structure.
        """
        import torch

        try:
            return self._ask(inputs, structures)
        except torch.cuda.OutOfMemoryError:
            warnings.warn(
                "The GPU has too little memory for this model: predicting on the processor.", stacklevel=2
            )
            self._graphs.clear()
            self.device = "cpu"
            self.network = self.network.to("cpu")
            torch.cuda.empty_cache()
            return self._ask(inputs, structures)

    def _ask(self, inputs: np.ndarray, structures: Sequence[int]) -> WindowAnswers:
        import torch

        errors, distances, features = [], [], []
        with torch.inference_mode():
            for start in range(0, len(inputs), WINDOWS_AT_ONCE):
                x = torch.from_numpy(inputs[start : start + WINDOWS_AT_ONCE])
                which = torch.tensor(structures[start : start + WINDOWS_AT_ONCE])
                said = self._run(x.to(self.device), which.to(self.device))
                errors.append(torch.sigmoid(said[0].float()).cpu().numpy())
                distances.append(torch.expm1(said[1].float().clamp_min(0)).cpu().numpy())
                features.append(said[2].float().cpu().numpy())
        return WindowAnswers(np.concatenate(errors), np.concatenate(distances), np.concatenate(features))

    def _run(self, x: Any, structures: Any) -> Any:
        if self.device == "cpu":
            if len(x) > 1:
                return self.network(x, structures)
            # alone, a window takes torch's convolutions on a processor several times as long as two do
            twice = self.network(x.expand(2, *x.shape[1:]), structures.expand(2))
            return [answer[:1] for answer in twice]
        import torch

        with torch.autocast("cuda", dtype=torch.float16, cache_enabled=False):
            return self._replayed(x, structures)

    def _replayed(self, x: Any, structures: Any) -> Any:
        """The network's answer by a recorded CUDA graph, recorded at the first input of a size."""
        import torch

        key = tuple(x.shape)
        if key not in self._graphs:
            held, which = x.clone(), structures.clone()
            side = torch.cuda.Stream()  # recording needs runs on another stream before it
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    self.network(held, which)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                said = self.network(held, which)
            self._graphs[key] = graph, held, which, said
        graph, held, which, said = self._graphs[key]
        held.copy_(x)
        which.copy_(structures)
        graph.replay()
        return said
