"""Files of one stem in one folder: each is read as itself."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from files_on_disk import BALL, SHIFTED, write

EXTENSIONS = (".nii", ".nii.gz", ".nrrd", ".mha")


@pytest.mark.parametrize(("asked", "beside"), itertools.permutations(EXTENSIONS, 2))
def test_a_namesake_is_not_read_instead(tmp_path: Path, asked: str, beside: str) -> None:
    write(tmp_path / f"case{beside}", BALL)
    path = write(tmp_path / f"case{asked}", SHIFTED)
    assert np.array_equal(read_contours(path, merge="ball")[0].mask, SHIFTED > 0)
    assert np.array_equal(read_image(path).values, SHIFTED)
    assert read_contours(path, merge="ball")[0].path == path


def test_the_halves_of_an_analyze_pair_are_no_namesakes(tmp_path: Path) -> None:
    path = write(tmp_path / "case.nii.gz", SHIFTED)
    other = write(tmp_path / "other.nii", BALL)
    for name in ("case.hdr", "case.img", "case.nii.gz.bak"):
        shutil.copyfile(other, tmp_path / name)
    assert np.array_equal(read_contours(path, merge="ball")[0].mask, SHIFTED > 0)
