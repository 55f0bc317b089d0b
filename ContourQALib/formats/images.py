"""Images in and out: NIfTI, NRRD, MetaImage, and DICOM series in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from os import PathLike
from pathlib import Path

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import FormatError, GeometryError, OutputError, SettingError
from ContourQALib.formats.dicom.folder import LeftOut, scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.dicom.series_image import read_series
from ContourQALib.formats.file_type import extension_of, stem_of
from ContourQALib.formats.header_reading import read_header
from ContourQALib.formats.output import write_atomically
from ContourQALib.formats.volume import read_volume
from ContourQALib.geometry import to_sitk

WRITTEN = (".nii", ".nii.gz", ".nrrd", ".mha")
"""One file each: the pairs .mhd + .raw and .nhdr + .raw cannot be replaced in one step."""

WIDENED = {"bool": np.uint8, "float16": np.float32}
"""Types that image files do not know, and the smallest that holds their values."""


def read_image(
    path: str | PathLike[str],
    series: str | None = None,
    referenced: Collection[str] = (),
    on_left_out: Callable[[LeftOut], None] | None = None,
) -> Image:
    """Read an image; values keep their type, a 2D image becomes one slice, the name is the file's stem.

    Args:
        path: .nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd; or DICOM: a folder of any nesting, or one file, whose
            series is then looked for in its folder.
        series: which series of several, by its UID, the UID's end, or its number.
        referenced: UIDs of the series that contours refer to: one of them is taken where nothing is said.
        on_left_out: told of every file of a DICOM folder that is not used.

    Raises:
        FormatError: the file is missing, damaged, of another kind, 4D, RGB or complex, or holds NaN; or it is
            not clear which series is meant.
        GeometryError: its spacing or orientation is impossible, or slices are missing.
        SettingError: a series was named and the file is no DICOM.
    """
    if names_dicom(path):
        folder = scan(path)
        if on_left_out is not None:
            for file in folder.left_out:
                on_left_out(file)
        return read_series(choose_series(folder, series, referenced))
    if series is not None:
        raise SettingError(f"{path} is no DICOM; leave out which series of it is meant ({series}).")
    volume = read_volume(path)
    return Image(volume.values, volume.grid, stem_of(volume.path), volume.path)


def write_image(image: Image, path: str | PathLike[str]) -> None:
    """Write an image compressed, in one step: nothing is left under `path` when it fails.

    Args:
        image: what to write; bool is written as 0 and 1.
        path: ends in .nii, .nii.gz, .nrrd or .mha.

    Raises:
        OutputError: another extension, NaN or infinite values, a folder that cannot be written to, or a full
            disk.
    """
    import SimpleITK as sitk

    path = Path(path)
    if extension_of(path) not in WRITTEN:
        raise OutputError(f"{path} is of a kind that cannot be written; choose one of {', '.join(WRITTEN)}.")
    if image.values.dtype.kind == "f" and not np.isfinite(image.values).all():
        raise OutputError(f"{path} cannot be written because {image.name} holds NaN or infinite values.")
    values = image.values.astype(WIDENED.get(image.values.dtype.name, image.values.dtype), copy=False)
    with write_atomically(path) as temporary:
        try:
            sitk.ProcessObject.SetGlobalWarningDisplay(False)
            sitk.WriteImage(to_sitk(values, image.grid), str(temporary), useCompression=True)
            # ITK's NIfTI writer does not notice a full disk: read back that all voxels arrived.
            read_header(temporary)
        except (RuntimeError, FormatError, GeometryError) as error:
            raise OutputError(f"{path} could not be written whole; the disk may be full.") from error
