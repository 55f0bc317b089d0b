"""Run lengths come back byte for byte through pydicom's decoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ContourQALib.formats.dicom.run_lengths import HEADER, run_lengths

rle = pytest.importorskip("pydicom.pixels.decoders.rle")

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 300))
FEW_VALUES = st.sampled_from([0, 0, 0, 1, 255])  # long runs, and short ones between them


def decoded(coded: bytes, plane: np.ndarray) -> np.ndarray:
    rows, columns = plane.shape
    return np.frombuffer(rle._rle_decode_frame(coded, rows, columns, 1, 8), np.uint8).reshape(plane.shape)


@settings(max_examples=40)
@given(SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape, elements=FEW_VALUES)))
def test_every_frame_comes_back(plane: np.ndarray) -> None:
    coded = run_lengths(plane)
    assert np.array_equal(decoded(coded, plane), plane)
    assert len(coded) % 2 == 0


@pytest.mark.parametrize("run", [1, 2, 3, 127, 128, 129, 130, 256, 257])
@pytest.mark.parametrize("before", [0, 1, 128, 129])
def test_runs_of_every_length_that_a_code_ends_at(run: int, before: int) -> None:
    plane = np.concatenate([np.arange(before) % 251, np.full(run, 7), np.arange(3)]).astype(np.uint8)[None]
    assert np.array_equal(decoded(run_lengths(plane), plane), plane)


def test_no_run_reaches_into_the_next_row() -> None:
    plane = np.zeros((3, 4), np.uint8)
    assert run_lengths(plane)[len(HEADER) :] == bytes([253, 0]) * 3  # four zeros, three times (PS3.5 G.3.1)


def test_an_almost_empty_plane_is_small() -> None:
    plane = np.zeros((512, 512), np.uint8)
    plane[200:260, 200:280] = 131
    assert len(run_lengths(plane)) < plane.size / 50
