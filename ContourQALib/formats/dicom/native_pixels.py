"""NativePixels: pixels that a file keeps as numbers are kept in memory, to be read without a decoder."""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.formats.dicom.elements import count_of, text_of

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

SYNTAXES = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"})
"""Implicit and Explicit VR Little Endian (PS3.5 A.1, A.2)."""

GRAY = ("MONOCHROME1", "MONOCHROME2")
BITS = 16
"""Bits Allocated of nearly every CT, MR and PET image; others are left to a decoder."""

HEADER = ("BitsStored", "HighBit", "PixelRepresentation", "ModalityLUTSequence")
"""What must be known of a file beside what is asked of every image."""


@dataclass(frozen=True)
class NativePixels:
    """Where a slice's pixels lie in its file, 16 bits each, little end first, row by row (PS3.5 8.1.1, 8.2).

    Attributes:
        left: bytes of the file from the element of the pixels on: it is found from the end.
        head: the element's tag, representation and length as they must stand there (PS3.5 7.1).
        shape: rows and columns.
        signed: whether a pixel is in two's complement.
        bits_stored: how many of the lowest bits hold the value.
    """

    left: int
    head: bytes
    shape: tuple[int, int]
    signed: bool
    bits_stored: int

    @property
    def dtype(self) -> np.dtype:
        """Of a plane of them."""
        return np.dtype(np.int16 if self.signed else np.uint16)

    @classmethod
    def of(cls, header: FileDataset, left: int) -> NativePixels | None:
        """The pixels of a file, by its header; None where they are not of this kind or not as they should be.

        Args:
            header: its elements up to the pixels, as far as `instances.HEADER` names them.
            left: how many bytes follow.

        Raises:
            ValueError: a count is no whole number.
        """
        implicit, little = header.original_encoding
        rows, columns = count_of(header, "Rows"), count_of(header, "Columns")
        stored, sign = count_of(header, "BitsStored"), count_of(header, "PixelRepresentation", -1)
        if not (
            header.file_meta.TransferSyntaxUID in SYNTAXES
            and little
            and sys.byteorder == "little"
            and count_of(header, "BitsAllocated") == BITS
            and 0 < stored <= BITS
            and count_of(header, "HighBit") == stored - 1
            and sign in (0, 1)
            and text_of(header, "PhotometricInterpretation") in GRAY
            and "ModalityLUTSequence" not in header
        ):
            return None
        length = struct.pack("<L", rows * columns * BITS // 8)
        head = b"\xe0\x7f\x10\x00" + (b"" if implicit else b"OW\0\0") + length
        return cls(left, head, (rows, columns), sign == 1, stored)

    def read_into(self, plane: np.ndarray, path: Path) -> bool:
        """Read the pixels where they shall lie.

        Args:
            plane: of this shape and type, C-contiguous.
            path: the file.

        Returns:
            whether they were there; where not, `plane` may hold anything, and a decoder tells what is wrong.

        Raises:
            OSError: the file cannot be read.
        """
        with path.open("rb", buffering=0) as file:
            if file.seek(0, os.SEEK_END) < self.left:
                return False
            file.seek(-self.left, os.SEEK_END)
            if file.read(len(self.head)) != self.head or file.readinto(plane) != plane.nbytes:
                return False
        unused = BITS - self.bits_stored
        if unused:  # bits beyond those stored may hold anything, such as old overlays
            np.left_shift(plane, unused, out=plane)
            np.right_shift(plane, unused, out=plane)
        return True
