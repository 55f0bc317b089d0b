"""Frames of bytes as run lengths, DICOM's RLE Lossless (PS3.5 annex G).

Written here since one of pydicom's two encoders ends the process for frames of some odd sizes (GDCM 3.2.6
throws where nobody can catch), and the other takes 23 ms for a frame of 512x512, this one two.
"""

from __future__ import annotations

import numpy as np

HEADER = np.array([1, 64, *([0] * 14)], "<u4").tobytes()
"""One run of bytes, which begins behind this header."""

MOST = 128
"""Bytes that one code can stand for."""

WORTH_A_RUN = 3
"""Shorter runs cost as much as the bytes themselves."""


def run_lengths(plane: np.ndarray) -> bytes:
    """A frame as runs and literal bytes; none reaches from one row into the next.

    Args:
        plane: (J, I) uint8.
    """
    changes = np.ones(plane.shape, bool)
    np.not_equal(plane[:, 1:], plane[:, :-1], out=changes[:, 1:])
    starts = np.flatnonzero(changes)
    is_run = np.diff(starts, append=plane.size) >= WORTH_A_RUN
    # what is too short for a run is joined to the literal bytes before it, in the same row
    begins = is_run | np.roll(is_run, 1) | (starts % plane.shape[1] == 0)
    first, count, is_run = _split(starts[begins], plane.size, is_run[begins])
    data, is_run = plane.ravel(), is_run & (count > 1)
    sizes = 1 + np.where(is_run, 1, count)
    places = np.cumsum(sizes) - sizes
    coded = np.empty(sizes.sum(), np.uint8)
    coded[places] = np.where(is_run, 257 - count, count - 1)
    coded[places[is_run] + 1] = data[first[is_run]]
    literal = ~is_run
    within = _ranges(count[literal])
    coded[np.repeat(places[literal] + 1, count[literal]) + within] = data[
        np.repeat(first[literal], count[literal]) + within
    ]
    return HEADER + coded.tobytes() + b"\0" * (len(coded) % 2)


def _split(starts: np.ndarray, end: int, is_run: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of at most `MOST` bytes: where each begins, its bytes, whether it is a run."""
    lengths = np.diff(starts, append=end)
    parts = -(-lengths // MOST)
    before = MOST * _ranges(parts)
    counts = np.minimum(MOST, np.repeat(lengths, parts) - before)
    return np.repeat(starts, parts) + before, counts, np.repeat(is_run, parts)


def _ranges(counts: np.ndarray) -> np.ndarray:
    """Zero to each count, one after the other: (2, 3) gives 0, 1, 0, 1, 2."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
