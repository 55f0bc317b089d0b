"""Overlays: where contours are wrong or differ, as colored segments or as a volume above the image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid, place
from ContourQALib.metrics.domain import enclosing
from ContourQALib.mrml import segmentations, volumes
from ContourQALib.mrml.outlines import LEFT_OUT_COLOR, TOO_MUCH_COLOR, display_of
from ContourQALib.mrml.overlay_colors import CERTAIN, SEEN, show_with_colors
from ContourQALib.mrml.scene_change import scene_change

if TYPE_CHECKING:
    from ContourQALib.quality.error_map import ErrorMap

TOO_MUCH, LEFT_OUT = "{} too much", "{} left out"
"""Names of the two segments of a structure."""

OPACITY = 0.6


def show_errors(
    scene: Any,
    errors: Mapping[str, ErrorMap],
    node: Any = None,
    volume_node: Any = None,
    opacity: float = OPACITY,
) -> Any:
    """The voxels that are probably wrong: two segments a structure, contoured too much and left out.

    Args:
        scene: takes the node.
        errors: by structure.
        node: an overlay made before, updated in place; a new one by default.
        volume_node: the image; its grid becomes the overlay's reference geometry.
        opacity: of the fillings, 0 to 1.

    Returns:
        The vtkMRMLSegmentationNode.

    Raises:
        SettingError: the opacity is not between 0 and 1.
    """
    marked = []
    for name, error in errors.items():
        over, under = error.marked()
        marked += _pair(name, over, under, error.grid)
    return _show_segments(scene, marked, node, "Predicted errors", volume_node, opacity)


def show_differences(
    scene: Any,
    pairs: Sequence[tuple[Contour, Contour]],
    node: Any = None,
    opacity: float = OPACITY,
    volume_node: Any = None,
    labels: Sequence[str] = (),
) -> Any:
    """What test contours have too much and leave out against their references: two segments a pair.

    Args:
        scene: takes the node.
        pairs: (reference, test), each on any grid, in the world.
        node: an overlay made before, updated in place; a new one by default.
        opacity: of the fillings, 0 to 1.
        volume_node: the image; its grid becomes the overlay's reference geometry.
        labels: what each test is called ("VPM"); by default its contour's name.

    Returns:
        The vtkMRMLSegmentationNode. Where several tests of one structure are compared, the segments carry the
        test's label behind the structure's name.

    Raises:
        SettingError: the opacity is not between 0 and 1.
    """
    tests = list(labels) or [test.name for _, test in pairs]
    names = _distinct([reference.name for reference, _ in pairs], tests)
    marked = []
    for name, (reference, test) in zip(names, pairs, strict=True):
        grid = enclosing(reference.grid, [test.grid])
        truth, drawn = reference.on(grid).mask, test.on(grid).mask
        marked += _pair(name, drawn & ~truth, truth & ~drawn, grid)
    return _show_segments(scene, marked, node, "Differences", volume_node, opacity)


def set_opacity(node: Any, opacity: float) -> None:
    """Set how strongly an overlay of segments covers the image.

    Raises:
        SettingError: the opacity is not between 0 and 1.
    """
    _check_opacity(opacity)
    display_of(node).SetOpacity2DFill(opacity)


def show_error_volume(scene: Any, error: ErrorMap, grid: Grid | None = None, node: Any = None) -> Any:
    """The probability that a voxel is wrong, as a volume to be shown above the image.

    Its window is [0, 1] and its colors run from yellow to dark red; what is probably right is transparent.

    Args:
        scene: takes the nodes.
        error: of one contour.
        grid: what the volume is to cover; by default the box that the map was computed in.
        node: a volume made before, updated in place; a new one by default.

    Returns:
        The vtkMRMLScalarVolumeNode.

    Raises:
        GeometryError: `grid` and the map have no voxel in common.
    """
    target = error.grid if grid is None else grid
    values = place(error.probability, error.grid, target, "linear").values
    return _show_volume(
        scene, values.astype(np.float32, copy=False), target, node, "Probability of error", SEEN, CERTAIN
    )


def show_disagreement(scene: Any, contours: Sequence[Contour], node: Any = None) -> Any:
    """The share of observers who disagree with the majority at each voxel, as a volume above the image.

    0 where all agree and at most one half; where all agree the volume is transparent.

    Args:
        scene: takes the nodes.
        contours: one an observer, of one structure; the volume lies on the lattice of the first.
        node: a volume made before, updated in place; a new one by default.

    Returns:
        The vtkMRMLScalarVolumeNode.

    Raises:
        SettingError: fewer than two contours.
    """
    count = len(contours)
    if count < 2:
        raise SettingError(f"Disagreement needs at least two contours, not {count}.")
    grid = enclosing(contours[0].grid, [c.grid for c in contours[1:]])
    drawn = np.zeros(grid.shape, np.uint16)
    for contour in contours:
        drawn += contour.on(grid).mask
    share = (np.minimum(drawn, count - drawn) / np.float32(count)).astype(np.float32)
    name = f"Disagreement on {contours[0].name}"
    return _show_volume(scene, share, grid, node, name, 0.5 / count, 0.5)


def _pair(name: str, over: np.ndarray, under: np.ndarray, grid: Grid) -> list[Contour]:
    return [
        Contour(over, grid, TOO_MUCH.format(name), TOO_MUCH_COLOR),
        Contour(under, grid, LEFT_OUT.format(name), LEFT_OUT_COLOR),
    ]


def _distinct(structures: Sequence[str], tests: Sequence[str]) -> list[str]:
    """Structures, told apart by the test's name where several pairs share one, else by a number."""
    shared = {name for name in structures if list(structures).count(name) > 1}
    names: list[str] = []
    for structure, test in zip(structures, tests, strict=True):
        name = f"{structure} {test}" if structure in shared and test != structure else structure
        taken, number = name, 1
        while name in names:
            number += 1
            name = f"{taken} {number}"
        names.append(name)
    return names


def _show_segments(
    scene: Any, contours: Iterable[Contour], node: Any, name: str, volume_node: Any, opacity: float
) -> Any:
    _check_opacity(opacity)
    wanted = {contour.name: contour for contour in contours}
    with scene_change(scene, [] if node is None else [node]):
        if node is None:
            node = segmentations.add_segmentation(scene, list(wanted.values()), name, volume_node)
        else:
            _update(node, wanted)
        display = display_of(node)
        was_modifying = display.StartModify()
        try:
            display.SetVisibility2DFill(True)
            display.SetVisibility2DOutline(False)
            display.SetVisibility3D(False)
            display.SetOpacity2DFill(opacity)
            for segment_id in node.GetSegmentation().GetSegmentIDs():
                display.SetSegmentOpacity2DFill(segment_id, 1.0)
        finally:
            display.EndModify(was_modifying)
    return node


def _update(node: Any, wanted: Mapping[str, Contour]) -> None:
    """Make a segmentation hold exactly these contours; segments are found by their names."""
    there = {segment.name: segment.id for segment in segmentations.segments_of(node)}
    for name, segment_id in there.items():
        if name not in wanted:
            node.GetSegmentation().RemoveSegment(segment_id)
    for name, contour in wanted.items():
        if name in there:
            segmentations.set_segment(node, there[name], contour)
        else:
            segmentations.add_segment(node, contour)


def _show_volume(
    scene: Any, values: np.ndarray, grid: Grid, node: Any, name: str, low: float, high: float
) -> Any:
    with scene_change(scene):
        if node is None:
            node = volumes.add_volume(scene, Image(values, grid), name)
        else:
            volumes.set_values(node, values, grid)
        show_with_colors(scene, node, low, high)
    return node


def _check_opacity(opacity: float) -> None:
    if not 0 <= opacity <= 1:
        raise SettingError(f"The opacity is {opacity:g} but must lie between 0 and 1.")
