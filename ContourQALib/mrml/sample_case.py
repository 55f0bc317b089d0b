"""SampleCase: the pelvis phantom as nodes, for the tutorial, for teaching and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ContourQALib.case import Image, ProbabilityMap
from ContourQALib.mrml import outlines, segmentations, volumes
from ContourQALib.mrml.overlay_colors import show_with_colors
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.phantom import SIZE, Phantom, pelvis
from ContourQALib.report.figures import CT_WINDOW

SHOWN_PROBABILITY = 0.02
"""Probabilities below this are transparent."""


@dataclass(frozen=True, eq=False)
class SampleCase:
    """The nodes of a sample case.

    Attributes:
        volume: the CT, vtkMRMLScalarVolumeNode.
        reference: the true contours, vtkMRMLSegmentationNode.
        vpm: those of the vendor-pretrained model.
        lft: those of the locally fine-tuned model.
        probabilities: by name ("CTV VPM", "CTV LFT", ...) the maps that both models' contours were cut from.
    """

    volume: Any
    reference: Any
    vpm: Any
    lft: Any
    probabilities: Mapping[str, Any]


def add_sample_case(
    scene: Any,
    size: tuple[int, int, int] = SIZE,
    seed: int = 0,
    structures: tuple[str, ...] = ("CTV",),
    phantom: Phantom | None = None,
) -> SampleCase:
    """Draw a phantom patient and add him to the scene: image, three sets of contours, probability maps.

    The same seed gives the same voxels. Nothing is downloaded.

    Args:
        scene: takes the nodes.
        size: voxels along I, J, K.
        seed: which patient.
        structures: of which there shall be probability maps; all six need a volume each from both models.
        phantom: one drawn already, for callers that draw it elsewhere; size and seed do not count then.

    Raises:
        SettingError: a size or seed that no phantom can be drawn of.
    """
    drawn = phantom or pelvis(size, seed=seed)
    with scene_change(scene, batch=True):
        volume = volumes.add_volume(scene, Image(drawn.image.values, drawn.image.grid), "Sample CT")
        _set_window(volume)
        sets = {"Reference": drawn.reference, "VPM": drawn.vendor, "LFT": drawn.fine_tuned}
        nodes = {}
        for name, contours in sets.items():
            nodes[name] = segmentations.add_segmentation(scene, contours, f"Sample {name}", volume)
            outlines.style(nodes[name])
        maps = {"VPM": drawn.vendor_probability, "LFT": drawn.fine_tuned_probability}
        probabilities = {
            f"{each.name} {model}": _add_map(scene, each, f"Sample probability {each.name} {model}")
            for model, found in maps.items()
            for each in found
            if each.name in structures
        }
    return SampleCase(volume, nodes["Reference"], nodes["VPM"], nodes["LFT"], probabilities)


def _set_window(volume: Any) -> None:
    width, level = CT_WINDOW[1] - CT_WINDOW[0], (CT_WINDOW[0] + CT_WINDOW[1]) / 2
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(width, level)


def _add_map(scene: Any, probability: ProbabilityMap, name: str) -> Any:
    node = volumes.add_volume(scene, Image(probability.values, probability.grid), name)
    show_with_colors(scene, node, SHOWN_PROBABILITY, 1.0)
    return node
