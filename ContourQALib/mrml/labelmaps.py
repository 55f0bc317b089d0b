"""Labelmaps of segments (vtkOrientedImageData) to masks cropped to their box, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.mrml.frames import matrix_of, numbers_of

Box = tuple[slice, slice, slice]
"""Slices along K, J and I."""

Index = tuple[int, int, int]
"""(i, j, k)"""


def voxels_of(labelmap: Any) -> np.ndarray | None:
    """View (K, J, I) of a labelmap's values; None for one without voxels."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    scalars = labelmap.GetPointData().GetScalars()
    size = labelmap.GetDimensions()
    if scalars is None or min(size) < 1:
        return None
    return np.asarray(vtk_to_numpy(scalars)).reshape(size[::-1])


def cropped(labelmap: Any, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Mask of a label, cropped to its own box, and its place.

    Returns:
        bool (K, J, I), one empty voxel where the label is not there; and 4x4, RAS mm before parent transforms
        of an index of that array.
    """
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    labelmap.GetImageToWorldMatrix(matrix)
    to_node = numbers_of(matrix)
    values = voxels_of(labelmap)
    box = None if values is None else box_of(values, label)
    first = np.array(labelmap.GetExtent()[::2])  # of the array's first voxel: need not be (0, 0, 0)
    if values is None or box is None:
        mask = np.zeros((1, 1, 1), bool)
    else:
        mask = values[box] == label
        first += [part.start for part in box[::-1]]
    to_node[:3, 3] += to_node[:3, :3] @ first
    return mask, to_node


def box_of(values: np.ndarray, label: int) -> Box | None:
    """Smallest box of an array (K, J, I) that holds every voxel of a label; None where there is none.

    Args:
        values: labels, or a mask.
        label: the label; True for a mask.
    """
    shadow = np.zeros(values.shape[1:], bool)  # of all slices on one
    same = np.empty_like(shadow)
    slices = []
    for k, plane in enumerate(values):
        # slice by slice, so that what is compared stays in the cache
        here = plane if plane.dtype == bool else np.equal(plane, label, out=same)
        if here.any():
            slices.append(k)
            shadow |= here
    if not slices:
        return None
    rows, columns = (np.flatnonzero(shadow.any(axis=axis)) for axis in (1, 0))
    return (
        slice(slices[0], slices[-1] + 1),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def erase(labelmap: Any, label: int) -> None:
    """Remove a label from a layer that other segments share.

    The voxels are set in the layer's memory and the layer is not said to be modified: that would make Slicer
    discard the surfaces of the other segments, of which nothing changes.
    """
    values = voxels_of(labelmap)
    box = None if values is None else box_of(values, label)
    if values is not None and box is not None:
        part = values[box]
        part[part == label] = 0


def labelmap_of(mask: np.ndarray, first: Index, index_to_node_ras: np.ndarray) -> Any:
    """Labelmap of a mask, cropped to its voxels: 0 and 1 in 8 bits.

    Args:
        mask: bool (K, J, I).
        first: index on the lattice of the mask's first voxel.
        index_to_node_ras: 4x4 of the lattice, RAS mm.

    Returns:
        A vtkOrientedImageData; without voxels where the mask is empty.
    """
    import slicer
    from vtkmodules.util.numpy_support import numpy_to_vtk

    labelmap = slicer.vtkOrientedImageData()
    box = box_of(mask, True)
    if box is None:
        labelmap.SetExtent(0, -1, 0, -1, 0, -1)
    else:
        extent = [first[n] + end for n, part in enumerate(box[::-1]) for end in (part.start, part.stop - 1)]
        labelmap.SetExtent(extent)
        values = np.ascontiguousarray(mask[box]).view(np.uint8)
        labelmap.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True))
    labelmap.SetImageToWorldMatrix(matrix_of(index_to_node_ras))
    return labelmap
