"""Other tools' figures of two masks, each called as its own documentation has users call it.

A tool's figures carry the names of ours whose definition they share; only those are compared.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from measuring import peak_of_process_mb
from organs import Pair

Figures = dict[str, float]

SINGLE = 1e-4
"""mm: distances that a tool rounds to float32 along the way."""

MAP_ERROR = 0.5
"""mm: plastimatch's distance maps are not exact; up to 0.38 mm were seen on these organs, less than half a
voxel."""

DOUBLE = 1e-9
"""Everything in float64."""


@dataclass(frozen=True)
class Peer:
    """Another tool.

    Attributes:
        name: as the tool calls itself.
        needs: the package or program that must be installed.
        figures: measures a pair of masks.
        compared: figures that are defined as ours, with the largest difference that rounding explains.
        outside_is_background: whether a mask that leaves the grid has surface there, as ours does.
        reads_files: a program of its own: reading the files is part of it, and its memory is all it holds.
    """

    name: str
    needs: str
    figures: Callable[[Pair], Figures]
    compared: Mapping[str, float]
    outside_is_background: bool = True
    reads_files: bool = False

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return bool(shutil.which(self.needs) if self.reads_files else find_spec(self.needs))


def monai_figures(pair: Pair) -> Figures:
    """MONAI's public functions, one a figure."""
    import torch
    from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance

    test, reference = (torch.from_numpy(m)[None, None].float() for m in (pair.test, pair.reference))
    how: dict[str, Any] = {"include_background": True, "spacing": pair.spacing}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty mask is a warning a figure
        return {
            "dice": float(compute_dice(test, reference)),
            "hd_mm": float(compute_hausdorff_distance(test, reference, **how)),
            "hd95_mm": float(compute_hausdorff_distance(test, reference, percentile=95, **how)),
            "msd_mm": float(compute_average_surface_distance(test, reference, symmetric=True, **how)),
        }


def medpy_figures(pair: Pair) -> Figures:
    """MedPy's functions, one a figure; its HD95 is that of both directions pooled."""
    from medpy.metric import binary

    masks = pair.test, pair.reference
    return {
        "dice": float(binary.dc(*masks)),
        "hd_mm": float(binary.hd(*masks, voxelspacing=pair.spacing)),
        "hd95_pooled_mm": float(binary.hd95(*masks, voxelspacing=pair.spacing)),
        "msd_mm": float(binary.assd(*masks, voxelspacing=pair.spacing)),
    }


def simpleitk_figures(pair: Pair) -> Figures:
    """SimpleITK's overlap and Hausdorff filters, and distance maps of label contours for the others.

    Its Hausdorff distance is that of voxel sets, not of surfaces: it is timed and not compared. The maps are
    of the contours, since maps of the masks measure to a 26-connected surface.
    """
    import SimpleITK as sitk

    images = []
    for mask in (pair.reference, pair.test):
        image = sitk.GetImageFromArray(mask.view(np.uint8))
        image.SetSpacing(pair.spacing[::-1])
        images.append(image)
    overlap, hausdorff = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    overlap.Execute(*images)
    hausdorff.Execute(*images)
    contours = [sitk.LabelContour(image, fullyConnected=False) for image in images]
    maps = [
        sitk.SignedMaurerDistanceMap(contour, squaredDistance=False, useImageSpacing=True)
        for contour in contours
    ]
    directed = [
        np.abs(sitk.GetArrayViewFromImage(to)[sitk.GetArrayViewFromImage(of) > 0])
        for to, of in zip(maps, contours[::-1], strict=True)
    ]
    return {
        "dice": overlap.GetDiceCoefficient(),
        "hd of voxel sets": hausdorff.GetHausdorffDistance(),
        "hd95_mm": float(max(np.percentile(d, 95) for d in directed)),
        "msd_mm": float(np.concatenate(directed).mean(dtype=float)),
    }


def surface_distance_figures(pair: Pair) -> Figures:
    """DeepMind's surface-distance; it weights distances by areas between voxels, so only Dice is ours."""
    import surface_distance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports from names that scipy will remove
        found = surface_distance.compute_surface_distances(pair.reference, pair.test, pair.spacing)
    surface_distance.compute_average_surface_distance(found)
    surface_distance.compute_robust_hausdorff(found, 100)
    surface_distance.compute_robust_hausdorff(found, 95)
    return {"dice": float(surface_distance.compute_dice_coefficient(pair.reference, pair.test))}


def plastimatch_figures(pair: Pair) -> Figures:
    """SlicerRT's engine from the command line, on the files."""
    command = ["plastimatch", "dice", "--all", str(pair.reference_path), str(pair.test_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak_mb = 0.0
    while process.poll() is None:
        # Not from the system's account of ended children: that counts this interpreter before it became them.
        peak_mb = max(peak_mb, peak_of_process_mb(process.pid))
        time.sleep(0.005)
    said = process.communicate()[0]

    def figure(label: str) -> float:
        found = re.search(rf"^{re.escape(label)}\s*[:=]\s*(\S+)$", said, re.MULTILINE)
        if not found:
            raise RuntimeError(f"plastimatch printed no {label}: {said}")
        return float(found[1])

    return {
        "dice": figure("DICE"),
        "hd_mm": figure("Hausdorff distance (boundary)"),
        "hd95_slicerrt_mm": figure("Percent (0.95) Hausdorff distance (boundary)"),
        "peak_mb": peak_mb,
    }


PEERS = {
    peer.name: peer
    for peer in (
        Peer("surface-distance", "surface_distance", surface_distance_figures, {"dice": DOUBLE}),
        Peer(
            "MONAI",
            "monai",
            monai_figures,
            {"dice": 1e-6, "hd_mm": SINGLE, "hd95_mm": SINGLE, "msd_mm": SINGLE},
        ),
        Peer(
            "MedPy",
            "medpy",
            medpy_figures,
            {"dice": DOUBLE, "hd_mm": DOUBLE, "hd95_pooled_mm": DOUBLE, "msd_mm": DOUBLE},
        ),
        Peer(
            "SimpleITK",
            "SimpleITK",
            simpleitk_figures,
            {"dice": DOUBLE, "hd95_mm": SINGLE, "msd_mm": SINGLE},
            outside_is_background=False,
        ),
        Peer(
            "plastimatch",
            "plastimatch",
            plastimatch_figures,
            {"dice": 1e-5, "hd_mm": MAP_ERROR, "hd95_slicerrt_mm": MAP_ERROR},
            outside_is_background=False,
            reads_files=True,
        ),
    )
}
