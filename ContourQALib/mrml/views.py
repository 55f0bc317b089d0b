"""Where the slice views look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.errors import StructureError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import enclosing
from ContourQALib.mrml.frames import lps_to_ras, numbers_of

Point = tuple[float, float, float]


def jump_to(scene: Any, ras: Any, *, center: bool = True) -> None:
    """Let every slice view of the scene show a point.

    Args:
        scene: the MRML scene.
        ras: the point, RAS mm.
        center: whether the point comes to the middle of the views. Otherwise they change their slice and stay
            where they are, unless the point is out of sight.
    """
    r, a, s = (float(mm) for mm in ras)
    for node in _slice_nodes(scene):
        if center or not _in_sight(node, (r, a, s)):
            node.JumpSliceByCentering(r, a, s)
        else:
            node.JumpSliceByOffsetting(r, a, s)


def center_of(contour: Contour) -> Point:
    """RAS mm of the middle of a contour: its center of mass, or the voxel nearest to it if that lies outside.

    So the views that are centered on a mandible or a ring show it.

    Raises:
        StructureError: the contour is empty.
    """
    mask = contour.mask
    if not mask.any():
        raise StructureError(f"Contour {contour.name} is empty; there is nothing to center the views on.")
    return _ras_of(_middle(mask, contour.grid), contour.grid)


def slice_center(contour: Contour, k_on_image: int, image_grid: Grid) -> Point:
    """RAS mm of the middle of what a contour has on one slice of an image, as `center_of`.

    Where it has nothing there, the point of the slice that is nearest to the contour's middle.

    Args:
        contour: on any grid that meets the image's.
        k_on_image: the slice's index along K of the image.
        image_grid: the image's grid.

    Raises:
        StructureError: the contour is empty.
    """
    planes = [contour.mask[k] & on for k, on in enumerate(_on_slice(contour.grid, k_on_image, image_grid))]
    shown = [k for k, plane in enumerate(planes) if plane.any()]
    if shown:
        first = np.array([shown[0], 0, 0])
        part = np.stack(planes[shown[0] : shown[-1] + 1])
        return _ras_of(first + _middle(part, contour.grid), contour.grid)
    index = image_grid.world_to_index(lps_to_ras(center_of(contour)))
    index[2] = k_on_image
    return _point(lps_to_ras(image_grid.index_to_world(index)))


def place_of_difference(reference: Contour, test: Contour) -> Point | None:
    """RAS mm of where two contours differ most; None where they are the same.

    That is the middle of their difference on the slice of the reference's lattice where its area is largest.

    Args:
        reference: on any grid.
        test: on any grid that meets the reference's.

    Raises:
        GeometryError: they have no place in common.
    """
    grid = enclosing(reference.grid, [test.grid])
    different = reference.on(grid).mask ^ test.on(grid).mask
    voxels = np.count_nonzero(different, axis=(1, 2))
    if not voxels.any():
        return None
    return slice_center(Contour(different, grid, reference.name), int(voxels.argmax()), grid)


def _slice_nodes(scene: Any) -> Iterator[Any]:
    for n in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        yield scene.GetNthNodeByClass(n, "vtkMRMLSliceNode")


def _in_sight(slice_node: Any, ras: Point) -> bool:
    """Whether a point lies within the borders of a view, on whatever slice."""
    to_view = np.linalg.inv(numbers_of(slice_node.GetXYToRAS()))
    x, y = (to_view @ [*ras, 1.0])[:2]
    width, height = slice_node.GetDimensions()[:2]
    return bool(0 <= x <= width and 0 <= y <= height)


def _on_slice(grid: Grid, k_on_image: int, image_grid: Grid) -> Iterator[np.ndarray]:
    """For each K of `grid` the (J, I) mask of the voxels whose centers lie in a slice of the image."""
    start = image_grid.world_to_index(grid.origin)[2]
    along_i, along_j, along_k = image_grid.world_to_index(grid.index_to_world(np.eye(3)))[:, 2] - start
    in_plane = start + along_j * np.arange(grid.size[1])[:, None] + along_i * np.arange(grid.size[0])
    for k in range(grid.size[2]):
        yield np.abs(in_plane + along_k * k - k_on_image) <= 0.5


def _middle(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """Index (k, j, i) of the center of mass, or of the voxel nearest to it in mm where that is no voxel."""
    shadows = (np.count_nonzero(mask, axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
    middle = np.array([counts @ np.arange(len(counts)) / counts.sum() for counts in shadows])
    if mask[tuple(np.round(middle).astype(int))]:
        return middle
    spacing = np.array(grid.spacing_kji)
    best, nearest_mm = middle, np.inf
    # from the middle outwards, until a whole slice is farther than what was found
    for k in np.argsort(np.abs(np.arange(mask.shape[0]) - middle[0]), kind="stable"):
        if abs(k - middle[0]) * spacing[0] > nearest_mm:
            break
        j, i = np.nonzero(mask[k])
        if not j.size:
            continue
        index = np.stack([np.full(j.size, k), j, i], axis=1)
        distance_mm = np.linalg.norm((index - middle) * spacing, axis=1)
        if distance_mm.min() < nearest_mm:
            nearest_mm = distance_mm.min()
            best = index[distance_mm.argmin()].astype(float)
    return best


def _ras_of(kji: np.ndarray, grid: Grid) -> Point:
    return _point(lps_to_ras(grid.index_to_world(kji[::-1])))


def _point(values: np.ndarray) -> Point:
    x, y, z = (float(mm) for mm in values)
    return x, y, z
