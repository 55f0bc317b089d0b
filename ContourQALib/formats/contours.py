"""Contours in: label maps and segmentations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.color_table import ColorEntry, color_table_beside, read_color_table
from ContourQALib.formats.header_reading import read_header
from ContourQALib.formats.segmentation import is_segmentation, read_segments
from ContourQALib.formats.volume import Volume, read_voxels

MOST_LABELS = 1000
"""More labels than atlases use in one file: such a file is an image."""


def read_contours(
    path: str | PathLike[str],
    labels: Mapping[int, str] | None = None,
    merge: str | None = None,
    color_table: str | PathLike[str] | None = None,
    each: Callable[[Contour], Contour] | None = None,
) -> tuple[Contour, ...]:
    """Read the structures of a label map or a segmentation.

    A label's name is that in `labels`, else in the color table, else `label_N`. A label that `labels` names
    and no voxel has gives an empty contour; without `labels` a file of zeros gives one empty contour for
    label 1. Segments have names of their own: `labels` and `color_table` do not apply to them.

    Args:
        path: .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd; NRRD with segment metadata is read as segments.
        labels: names by label.
        merge: take all labels or segments as one structure of this name.
        color_table: file of names and colors; without it the one of the same stem beside `path`, if any.
        each: applied to every contour before the next is made. Twenty masks of a CT are 800 MB; cut to their
            boxes (`metrics.domain.cropped`) they are ten.

    Returns:
        Contours in the order of their labels, or of the segments in the file.

    Raises:
        FormatError: the file cannot be read, or holds probabilities, negative or fractional values, or an
            image.
        GeometryError: its spacing or orientation is impossible.
        SettingError: `labels` and `merge` together.
    """
    if labels and merge:
        raise SettingError(f"Labels can be named or merged into {merge}, not both; choose one.")
    header = read_header(path)
    if is_segmentation(header):
        if not merge:
            return read_segments(header, each)
        return tuple(map(each or _unchanged, _merged(read_segments(header), merge)))
    table = read_color_table(color_table) if color_table else color_table_beside(path)
    volume = read_voxels(header)
    present = _labels_in(volume)
    each = each or _unchanged
    if merge:
        return (each(Contour(volume.values > 0, volume.grid, merge, path=volume.path)),)
    wanted = sorted({*present, *(labels or {})}) or [1]
    return tuple(each(_contour(volume, label, labels or {}, table)) for label in wanted)


def _unchanged(contour: Contour) -> Contour:
    return contour


def _contour(
    volume: Volume, label: int, labels: Mapping[int, str], table: Mapping[int, ColorEntry]
) -> Contour:
    entry = table.get(label)
    name = labels.get(label) or (entry.name if entry else f"label_{label}")
    color = entry.color if entry else None
    return Contour(volume.values == label, volume.grid, name, color, path=volume.path)


def _labels_in(volume: Volume) -> list[int]:
    """Labels above zero that voxels have, ascending; raises where the values are not labels."""
    values, path = volume.values, volume.path
    lowest, highest = values.min(), values.max()
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        if lowest >= 0 and highest <= 1:
            raise FormatError(
                f"{path} looks like a probability map, not a contour;"
                " use contourqa thresholds, or threshold it first."
            )
        raise FormatError(
            f"{path} holds fractional values between {lowest:g} and {highest:g}, which are no labels."
        )
    if lowest < 0:
        raise FormatError(
            f"{path} holds negative values down to {lowest:g}, which are no labels;"
            " it may be an image instead of a contour."
        )
    if highest <= 1:  # the common binary mask, without sorting millions of voxels
        return [1] if highest == 1 else []
    # sorting the foreground alone is ten times as fast as sorting all voxels
    present = [int(value) for value in np.unique(values[values > 0])]
    if len(present) > MOST_LABELS:
        raise FormatError(
            f"{path} holds {len(present)} different values; it may be an image instead of a contour."
        )
    return present


def _merged(contours: tuple[Contour, ...], name: str) -> tuple[Contour, ...]:
    mask = np.logical_or.reduce([contour.mask for contour in contours])
    return (Contour(mask, contours[0].grid, name, path=contours[0].path),)
