"""The hash of a contour: the same for the same voxels in space, another for everything else."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour, Image
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.workstation.decisions.contour_hash import hash_contour

ANGLE = 0.3
OBLIQUE = (np.cos(ANGLE), -np.sin(ANGLE), 0.0, np.sin(ANGLE), np.cos(ANGLE), 0.0, 0.0, 0.0, 1.0)
GRIDS = {
    "straight": Grid((24, 20, 16), (0.9765625, 0.9765625, 3.0), (-249.51171875, -180.0, 12.5)),
    "oblique": Grid((24, 20, 16), (0.8, 1.1, 2.5), (-31.7, 18.03, -1020.4), OBLIQUE),
}


def organ(grid: Grid, seed: int = 0) -> Contour:
    mask = np.zeros(grid.shape, bool)
    mask[5:11, 4:15, 6:19] = np.random.default_rng(seed).random((6, 11, 13)) > 0.4
    mask[5, 4, 6] = mask[10, 14, 18] = True
    return Contour(mask, grid, "organ")


def cropped(contour: Contour, k: slice, j: slice, i: slice) -> Contour:
    return replace(contour, mask=contour.mask[k, j, i], grid=contour.grid.part((k, j, i)))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@settings(max_examples=60, deadline=None)
@given(
    low=st.tuples(*[st.integers(0, 4)] * 3),
    high=st.tuples(st.integers(11, 16), st.integers(15, 20), st.integers(19, 24)),
)
def test_cropping_and_padding_do_not_matter(grid, low, high):
    whole = organ(grid)
    part = cropped(whole, *(slice(a, b) for a, b in zip(low, high, strict=True)))
    assert hash_contour(part) == hash_contour(whole) == hash_contour(part.on(grid))


def test_voxels_on_exact_hundredths_of_a_millimeter_do_not_depend_on_the_last_digit_of_a_float():
    grid = Grid((120, 90, 6), (0.7, 0.3, 0.1), (-12.6, 7.1, 0.3))
    mask = np.zeros(grid.shape, bool)
    mask[4:6, 60:80, 80:110] = True
    whole = Contour(mask, grid, "organ")
    for first in range(60):
        part = cropped(whole, slice(first % 4, 6), slice(first, 90), slice(first, 120))
        assert hash_contour(part) == hash_contour(whole)


def test_name_color_tags_and_file_do_not_matter(tmp_path):
    whole = organ(GRIDS["oblique"])
    dressed = replace(whole, name="Bladder", color=(1, 0, 0), tags={"a": "b"}, path=tmp_path, lost_cc=1.0)
    assert hash_contour(dressed) == hash_contour(whole)


def test_the_memorys_layout_does_not_matter():
    whole = organ(GRIDS["oblique"])
    assert hash_contour(replace(whole, mask=np.asfortranarray(whole.mask))) == hash_contour(whole)


def test_one_voxel_matters():
    whole = organ(GRIDS["oblique"])
    hashes = {hash_contour(whole)}
    for place in [(7, 7, 7), (5, 4, 6), (0, 0, 0), (15, 19, 23)]:
        mask = whole.mask.copy()
        mask[place] ^= True
        hashes.add(hash_contour(replace(whole, mask=mask)))
    assert len(hashes) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"origin": (-31.65, 18.03, -1020.4)},
        {"spacing": (0.8, 1.1, 2.6)},
        {"spacing": (0.81, 1.1, 2.5)},
        {"direction": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)},
    ],
    ids=str,
)
def test_where_it_lies_matters(change):
    whole = organ(GRIDS["oblique"])
    assert hash_contour(replace(whole, grid=replace(whole.grid, **change))) != hash_contour(whole)


def test_a_shift_by_one_voxel_matters():
    whole = organ(GRIDS["straight"])
    for axis in range(3):
        assert hash_contour(replace(whole, mask=np.roll(whole.mask, 1, axis))) != hash_contour(whole)


def test_voxels_are_not_confused_with_their_arrangement():
    """The same bits in boxes of other shapes."""
    grids = [Grid((2, 3, 4)), Grid((4, 3, 2)), Grid((3, 4, 2))]
    assert len({hash_contour(Contour(np.ones(g.shape, bool), g, "x")) for g in grids}) == 3


def test_every_empty_contour_is_the_same_and_like_no_other():
    empty = {
        hash_contour(Contour(np.zeros(g.shape, bool), g, "x")) for g in (*GRIDS.values(), Grid((1, 1, 1)))
    }
    assert len(empty) == 1
    assert hash_contour(organ(GRIDS["straight"])) not in empty


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("extension", [".seg.nrrd", ".nii.gz", ".nrrd", ".mha"])
def test_a_file_keeps_it(tmp_path, grid, extension):
    whole = organ(grid)
    path = tmp_path / f"organ{extension}"
    if extension == ".seg.nrrd":
        write_segmentation([whole], path)
    else:
        write_image(Image(whole.mask.astype(np.uint8), grid), path)
    (read,) = read_contours(path)
    assert hash_contour(read) == hash_contour(whole)


def test_it_is_what_documents_say():
    """An independent reading of Docs/decisions/workstation-decisions.md; hashes are kept for years."""
    grid = Grid((4, 5, 6), (1.0, 2.0, 3.0), (-10.0, 20.0, 30.0))
    mask = np.zeros(grid.shape, bool)
    mask[1:3, 2:4, 0:3] = True
    mask[1, 2, 1] = False
    corners_mm = [(-10, 24, 33), (-7, 24, 33), (-10, 28, 33), (-10, 24, 39)]
    steps = [math.floor(mm / 0.01 + 0.2718281828) for corner in corners_mm for mm in corner]
    content = b"ContourQA contour 1\0" + struct.pack("<3q", 2, 2, 3) + struct.pack("<12q", *steps)
    content += bytes([0b10111111, 0b11110000])
    assert hash_contour(Contour(mask, grid, "x")) == hashlib.sha256(content).hexdigest()
