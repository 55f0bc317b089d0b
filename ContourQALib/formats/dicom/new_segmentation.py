"""NewSegmentation: a DICOM segmentation while it is put together, one segment after the other.

highdicom's own class takes all segments as one array, 20 structures of a CT as 0.8 GB of bytes or 3 GB of
numbers; here a segment at a time becomes the frames that it has. A test compares what comes out with that
class's, element by element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.formats.dicom.carried_identity import CHARACTER_SET, CarriedIdentity
from ContourQALib.formats.dicom.frame_groups import frame_groups, shared_groups
from ContourQALib.formats.dicom.run_lengths import run_lengths
from ContourQALib.formats.dicom.segmentation_file import BINARY
from ContourQALib.formats.dicom.segmentation_header import PROBABILITY, new_header

if TYPE_CHECKING:
    from highdicom import SOPClass
    from pydicom.dataset import Dataset

    from ContourQALib.formats.dicom.source_series import SourceSeries


class NewSegmentation:
    """A segmentation of an image series, on its grid.

    Args:
        source: the series.
        kind: BINARY or FRACTIONAL.
        label: Content Label, in capitals.
        description: of series and content, at most 64 characters.
        series_number: Series Number.
        fractional_type: PROBABILITY or OCCUPANCY, of a fractional one.

    Raises:
        FormatError: the series has no frame of reference, or its header cannot be taken over.
    """

    def __init__(
        self,
        source: SourceSeries,
        kind: str,
        label: str,
        description: str,
        series_number: int,
        fractional_type: str = PROBABILITY,
    ) -> None:
        self._source = source
        self._is_binary = kind == BINARY
        self._dataset = new_header(source, kind, label, description, series_number, fractional_type)
        self._items: list[Any] = []
        self._places: list[tuple[int, int]] = []  # segment and K of each frame
        self._data: list[bytes] = []
        self._rest = np.empty(0, bool)  # pixels that fill no byte yet: frames of bits follow without a gap
        self._taken = np.zeros(source.grid.shape, bool)
        self._overlap = False

    def add(self, item: Any, values: np.ndarray) -> None:
        """Add a segment, with those of its planes that are not empty.

        Args:
            item: of the Segment Sequence; numbers count from 1.
            values: (K, J, I) on the source's grid: bool, or uint8 of a fractional segmentation.
        """
        self._items.append(item)
        for k in np.flatnonzero(values.any(axis=(1, 2))):
            self._add_frame(len(self._items), int(k), values[k])
            if self._is_binary:
                self._overlap = self._overlap or bool((self._taken[k] & values[k]).any())
                self._taken[k] |= values[k]

    def finished(self) -> SOPClass:
        """The whole object, with the patient's name in it."""
        from pydicom.charset import convert_encodings

        if not self._places:
            # there is no object without frames (PS3.3 C.7.6.6); these keep the grid
            empty = np.zeros(self._source.grid.shape[1:], bool if self._is_binary else np.uint8)
            for k in sorted({0, self._source.grid.size[2] - 1}):
                self._add_frame(1, k, empty)
        dataset = self._dataset
        dataset.SegmentSequence = self._items
        dataset.SegmentsOverlap = self._overlaps()
        dataset.NumberOfFrames = len(self._places)
        dataset.SharedFunctionalGroupsSequence = [shared_groups(self._source)]
        groups = frame_groups(self._source, self._places)
        dataset[groups.tag] = groups
        self._put_pixels(dataset)
        CarriedIdentity.of(self._source.datasets[0]).complete(dataset)
        # or the groups would be parsed and encoded again when they are saved
        dataset.set_original_encoding(False, True, convert_encodings(CHARACTER_SET))
        return dataset

    def _overlaps(self) -> str:
        if not self._is_binary and len(self._items) > 1:
            return "UNDEFINED"
        return "YES" if self._overlap else "NO"

    def _add_frame(self, segment: int, k: int, plane: np.ndarray) -> None:
        self._places.append((segment, k))
        if self._is_binary:
            bits = np.concatenate([self._rest, plane.ravel()])
            whole = len(bits) // 8 * 8
            self._data.append(_packed(bits[:whole]))
            self._rest = bits[whole:]
        else:
            self._data.append(run_lengths(plane))

    def _put_pixels(self, dataset: Dataset) -> None:
        if self._is_binary:
            data = b"".join([*self._data, _packed(self._rest)])
            dataset.PixelData = data + b"\0" * (len(data) % 2)
        else:
            from pydicom.encaps import encapsulate

            dataset.PixelData = encapsulate(self._data)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = not self._is_binary


def _packed(bits: np.ndarray) -> bytes:
    """Pixels as bits, the first in the lowest one (PS3.5 8.1.1)."""
    return np.packbits(bits, bitorder="little").tobytes()
