"""Contours in: label maps, segmentations, and DICOM structure sets and segmentations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, REMARKS_TAG, Contour, SeriesIdentity
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.color_table import ColorEntry, color_table_beside, read_color_table
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.segmentation_in import read_seg
from ContourQALib.formats.dicom.structure_contours import read_structures
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.header_reading import read_header
from ContourQALib.formats.segmentation import is_segmentation, read_segments
from ContourQALib.formats.volume import Volume, read_voxels
from ContourQALib.geometry import Grid

MOST_LABELS = 1000
"""More labels than atlases use in one file: such a file is an image."""


def read_contours(
    path: str | PathLike[str],
    labels: Mapping[int, str] | None = None,
    merge: str | None = None,
    color_table: str | PathLike[str] | None = None,
    each: Callable[[Contour], Contour] | None = None,
    grid: Grid | None = None,
    series: SeriesIdentity | None = None,
    on_left_out: Callable[[LeftOutRoi], None] | None = None,
) -> tuple[Contour, ...]:
    """Read the structures of a label map, a segmentation, or a DICOM structure set (RTSTRUCT) or SEG.

    A label's name is that in `labels`, else in the color table, else `label_N`. A label that `labels` names
    and no voxel has gives an empty contour; without `labels` a file of zeros gives one empty contour for
    label 1. Segments and DICOM's structures have names of their own: `labels` and `color_table` do not apply
    to them. Polygons become masks by the rule of `planar.rasterizing`; their tag `RASTERIZED_TAG` says so.

    Args:
        path: .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd; NRRD with segment metadata is read as segments. Or
            DICOM: an RTSTRUCT or SEG file, or a folder that holds exactly one.
        labels: names by label.
        merge: take all labels or segments as one structure of this name.
        color_table: file of names and colors; without it the one of the same stem beside `path`, if any.
        each: applied to every contour before the next is made. Twenty masks of a CT are 800 MB; cut to their
            boxes (`metrics.domain.cropped`) they are ten.
        grid: where polygons become masks; without it the grid of the series that they refer to, looked for
            beside the file. Masks stay on their own grid.
        series: the DICOM series that the contours shall belong to: its frame of reference must be theirs.
        on_left_out: told of every region of interest of an RTSTRUCT that is no contour (an isocenter, one
            without points). Without it one that has polygons and cannot be used is an error.

    Returns:
        Contours in the order of their labels, or of the segments in the file.

    Raises:
        FormatError: the file cannot be read, or holds probabilities, negative or fractional values, or an
            image; or polygons have no image to become masks on, or lie in another frame of reference.
        GeometryError: its spacing or orientation is impossible, or polygons cannot become a mask on the grid.
        SettingError: `labels` and `merge` together.
    """
    if labels and merge:
        raise SettingError(f"Labels can be named or merged into {merge}, not both; choose one.")
    each = each or _unchanged
    if names_dicom(path):
        if not merge:
            return _dicom_contours(path, grid, series, each, on_left_out)
        parts = _dicom_contours(path, grid, series, _unchanged, on_left_out)
        return tuple(map(each, _merged(parts, merge)))
    header = read_header(path)
    if is_segmentation(header):
        if not merge:
            return read_segments(header, each)
        return tuple(map(each, _merged(read_segments(header), merge)))
    table = read_color_table(color_table) if color_table else color_table_beside(path)
    volume = read_voxels(header)
    present = _labels_in(volume)
    if merge:
        return (each(Contour(volume.values > 0, volume.grid, merge, path=volume.path)),)
    wanted = sorted({*present, *(labels or {})}) or [1]
    return tuple(each(_contour(volume, label, labels or {}, table)) for label in wanted)


def _unchanged(contour: Contour) -> Contour:
    return contour


def _dicom_contours(
    path: str | PathLike[str],
    grid: Grid | None,
    series: SeriesIdentity | None,
    each: Callable[[Contour], Contour],
    on_left_out: Callable[[LeftOutRoi], None] | None,
) -> tuple[Contour, ...]:
    file, kind = contour_object(path)
    if kind is Kind.SEGMENTATION:
        return read_seg(file, each, series)
    return read_structures(file, grid, series, each, on_left_out)


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
    made = {c.name: c.rasterized for c in contours if c.rasterized}
    tags = {RASTERIZED_TAG: "; ".join(f"{how} ({part})" for part, how in made.items())} if made else {}
    remarks = dict.fromkeys(c.remarks for c in contours if c.remarks)  # of one file, mostly the same
    tags |= {REMARKS_TAG: "; ".join(remarks)} if remarks else {}
    return (Contour(mask, contours[0].grid, name, tags=tags, path=contours[0].path),)
