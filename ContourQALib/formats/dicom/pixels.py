"""Pixels of a series as values: decoded, in the order of K, rescaled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.elements import count_of, name_of
from ContourQALib.formats.dicom.reading import DamagedError, from_each, read_dataset
from ContourQALib.formats.dicom.slices import Slice

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

PIXELS = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "ModalityLUTSequence",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
)
"""What decoding needs (PS3.3 C.7.6.3), and what must not be there (`_check_plain`)."""


def read_pixels(slices: Sequence[Slice]) -> np.ndarray:
    """Stored pixels of slices in their order, (K, J, I), as integers of the type that they are stored in.

    A file is decoded once, however many slices it holds, and not at all where its pixels lie there as they
    are. Ask `quietly`.

    Raises:
        FormatError: nothing that is installed decodes the transfer syntax, or pixels are stored in a way that
            no CT, MR or PET image is.
        DamagedError: the pixels are cut short, or not as many as the header says.
        MemoryError: there is no room for them.
    """
    stored = _read_native(slices)
    return _decode_all(slices) if stored is None else stored


def _read_native(slices: Sequence[Slice]) -> np.ndarray | None:
    """Pixels that no decoder is needed for; None where one is, or must tell what is wrong."""
    native = [one.native for one in slices]
    first = native[0]
    if first is None or any(
        one is None or (one.shape, one.dtype) != (first.shape, first.dtype) for one in native
    ):
        return None
    stored = np.empty((len(slices), *first.shape), first.dtype)
    places = {one.path: (one.native, plane) for one, plane in zip(slices, stored, strict=True)}

    def read(path: Path) -> bool:
        pixels, plane = places[path]
        return pixels is not None and pixels.read_into(plane, path)

    try:
        return stored if all(from_each(read, places)) else None
    except OSError:
        return None


def _decode_all(slices: Sequence[Slice]) -> np.ndarray:
    """Pixels of slices by a decoder; errors as of `read_pixels`."""
    by_file: dict[Path, list[int]] = {}
    for k, one in enumerate(slices):
        by_file.setdefault(one.path, []).append(k)
    stored: np.ndarray | None = None
    for indices, planes in zip(by_file.values(), from_each(_decoded, by_file), strict=True):
        planes = planes.reshape(-1, *planes.shape[-2:])
        if stored is None:
            stored = np.empty((len(slices), *planes.shape[1:]), planes.dtype.newbyteorder("="))
        elif not np.can_cast(planes.dtype, stored.dtype):
            stored = stored.astype(np.result_type(stored, planes))
        for k in indices:
            stored[k] = planes[slices[k].frame]
    assert stored is not None
    return stored


def rescale(stored: np.ndarray, slices: Sequence[Slice], name: str) -> np.ndarray:
    """Stored pixels as values: slope x pixel + intercept of each slice (PS3.3 C.11.1).

    Integers stay integers where slopes and intercepts are: of the stored type where nothing changes, else of
    16 bits where all values fit, else of 32. Anything else becomes float32. The padding value (PS3.3
    C.7.5.1.1.2) is rescaled like any other.

    Args:
        stored: (K, J, I), not kept.
        slices: one for each K.
        name: what messages call the series.

    Raises:
        FormatError: a slope is zero or far too large, or a slope or intercept no number.
    """
    slopes, intercepts = [one.slope for one in slices], [one.intercept for one in slices]
    if any(slope is None or slope == 0 for slope in slopes) or None in intercepts:
        raise FormatError(f"{name} has a rescale slope of zero, or one that is no number; export it again.")
    slope, intercept = np.array(slopes, float), np.array(intercepts, float)
    if (slope == 1).all() and (intercept == 0).all():
        return stored
    ends = np.array([[plane.min(), plane.max()] for plane in stored], float)
    reached = ends * slope[:, None] + intercept[:, None]
    low, high = float(reached.min()), float(reached.max())
    if max(-low, high) > float(np.finfo(np.float32).max):
        raise FormatError(f"{name} has a rescale slope that leads beyond all numbers; export it again.")
    kind = _type_for(slope, intercept, low, high)
    if kind == np.float32:
        scaled = np.empty(stored.shape, kind)
        for k, plane in enumerate(stored):
            scaled[k] = plane * slope[k] + intercept[k]
        return scaled
    # Two's complement: steps that overflow come back, because the value that is reached fits. What is as wide
    # becomes the other type where it lies.
    values = stored.view(kind) if stored.itemsize == np.dtype(kind).itemsize else stored.astype(kind)
    for plane, a, b in zip(values, slope.astype(np.int64), intercept.astype(np.int64), strict=True):
        if a != 1:
            plane *= a.astype(kind)
        plane += b.astype(kind)
    return values


def _type_for(slope: np.ndarray, intercept: np.ndarray, low: float, high: float) -> type[np.generic]:
    if (slope % 1 == 0).all() and (intercept % 1 == 0).all():
        for kind in (np.int16, np.int32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return kind
    return np.float32


def _decoded(path: Path) -> np.ndarray:
    """Pixels of one file, (J, I) or (frames, J, I)."""
    from pydicom.pixels import pixel_array

    dataset = read_dataset(path, PIXELS, pixels=True)
    try:
        _check_decodable(dataset, path)
        _check_plain(dataset, path)
        # bits beyond those stored may hold anything, such as old overlays (PS3.5 8.1.1)
        return pixel_array(dataset, correct_unused_bits=True)
    except (FormatError, MemoryError):
        raise
    except Exception as error:  # decoders raise nearly anything for damaged pixels
        raise DamagedError(path, "has damaged pixels, or fewer than its header says") from error


def _check_decodable(dataset: FileDataset, path: Path) -> None:
    from pydicom.pixels import get_decoder
    from pydicom.uid import JPEGExtended12Bit

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
        available = decoder.is_available
    except NotImplementedError:  # a transfer syntax that pydicom does not know
        available = False
    if available and syntax == JPEGExtended12Bit and count_of(dataset, "BitsStored") > 8:
        # gdcm and Pillow, which announce themselves for it, know its 8 bits alone
        available = "pylibjpeg" in decoder.available_plugins
    if not available:
        raise FormatError(
            f"{path} is compressed in a way that nothing installed here decodes ({name_of(syntax)}); "
            "export it uncompressed."
        )


def _check_plain(dataset: FileDataset, path: Path) -> None:
    """See that a pixel's value is in its lowest bits, and is its own: decoders take it for that unasked.

    Raises:
        FormatError: values lie in higher bits, as old files have them (PS3.5 8.1.1 forbids it by now), or in
            a table, which images of slices do not have (PS3.3 C.11.1).
    """
    stored, high = count_of(dataset, "BitsStored"), count_of(dataset, "HighBit")
    if high >= stored > 0:
        raise FormatError(
            f"{path} keeps {stored} bits of each pixel below bit {high}, not in the lowest ones; "
            "export it again."
        )
    if "ModalityLUTSequence" in dataset:
        raise FormatError(
            f"{path} keeps its values in a table (Modality LUT Sequence); "
            "export it again with Rescale Slope and Intercept."
        )
