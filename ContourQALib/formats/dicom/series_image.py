"""An image series as an Image: its slices in order, decoded and rescaled."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.case import Image, SeriesIdentity
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.instances import Instance
from ContourQALib.formats.dicom.pixels import read_pixels, rescale
from ContourQALib.formats.dicom.reading import DamagedError, quietly, read_dataset
from ContourQALib.formats.dicom.slice_geometry import Stack, series_geometry
from ContourQALib.formats.dicom.slices import Slice, frame_slices

FRAMES = (
    "SOPInstanceUID",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)


def read_series(series: ImageSeries) -> Image:
    """Read a series; its values are what the modality means: HU for CT, the units of the label for PET.

    The image is called by its folder, a multi-frame file by its own name; its path is what the user named.

    Raises:
        FormatError: the series mixes patients or frames of reference, holds several multi-frame files, is
            compressed in a way that nothing here decodes, has an impossible rescale slope, or is too large
            for the memory.
        DamagedError: a file is damaged or cut short.
        GeometryError: its slices are no regular volume (`series_geometry`).
    """
    with quietly():
        stack = stack_of(series)
        try:
            values = rescale(read_pixels(stack.slices), stack.slices, _name(series))
        except MemoryError as error:
            i, j, k = stack.grid.size
            raise FormatError(
                f"{_name(series)} is too large for the memory that is free here ({i} x {j} x {k} voxels); "
                "export a part of it."
            ) from error
    return Image(values, stack.grid, _title(series), series.source, identity_of(series, stack))


def stack_of(series: ImageSeries) -> Stack:
    """The slices of a series in order, and their grid; ask `quietly`. Errors as for `read_series`."""
    name = _name(series)
    instances = series.instances
    for what, count in (
        ("files of {} patients", len({one.patient for one in instances})),
        ("images in {} frames of reference", len({one.frame_uid for one in instances})),
    ):
        if count > 1:
            raise FormatError(f"{name} mixes {what.format(count)}; keep one of them in the folder.")
    spoiled = len(instances) - len({one.instance_uid for one in instances})
    if spoiled:
        raise FormatError(
            f"{name} holds {spoiled} different images under SOP Instance UIDs of others; export it again."
        )
    several = [one for one in instances if one.slice is None]
    if several and len(instances) > 1:
        raise FormatError(
            f"{name} holds {len(instances)} files of which {len(several)} are multi-frame; "
            "name the file that is meant."
        )
    slices = [one.slice for one in instances if one.slice is not None]
    for one in several:
        slices += _frames(one)
    return series_geometry(slices, name)


def identity_of(series: ImageSeries, stack: Stack) -> SeriesIdentity:
    """The UIDs of a series, its instances in the order of K."""
    instance_uids = tuple(dict.fromkeys(one.instance_uid for one in stack.slices))
    return SeriesIdentity(
        series.study_uid, series.series_uid, series.frame_uid, series.modality, instance_uids
    )


def _frames(one: Instance) -> list[Slice]:
    try:
        return frame_slices(read_dataset(one.path, FRAMES), one.path)
    except DamagedError:
        raise
    except Exception as error:  # values that are not what their element is for
        raise DamagedError(one.path, "has a damaged header") from error


def _name(series: ImageSeries) -> str:
    return f"{series.source}: {series.label}"


def _title(series: ImageSeries) -> str:
    first = series.instances[0].path
    if series.instances[0].slice is None and series.source == first:
        return first.stem
    folder = series.source if series.source.is_dir() else series.source.parent
    return Path(folder).resolve().name
