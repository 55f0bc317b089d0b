"""`contourqa phantom`: a whole case on disk that the readers and the manifest agree about."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from command_line import Command
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.phantom import COLORS, pelvis

SIZE = (40, 40, 20)


def test_the_case_is_written_whole(contourqa: Command, tmp_path):
    folder = tmp_path / "new" / "phantom"
    result = contourqa("phantom", "-o", folder, "--size", "40x40x20", "--seed", 3)
    assert result.code == 0
    assert result.out == ""  # messages go to standard error
    assert "phantom 3" in result.err
    drawn = pelvis(SIZE, seed=3)
    image = read_image(folder / "image.nrrd")
    assert np.array_equal(image.values, drawn.image.values)
    assert image.grid == drawn.image.grid
    for name, contours in (
        ("reference", drawn.reference),
        ("vendor", drawn.vendor),
        ("fine_tuned", drawn.fine_tuned),
    ):
        read = read_contours(folder / f"{name}.seg.nrrd")
        assert [c.name for c in read] == list(COLORS)
        assert all(np.array_equal(a.mask, b.mask) for a, b in zip(read, contours, strict=True))


def test_every_file_of_the_manifest_is_there(contourqa: Command, tmp_path):
    contourqa("phantom", "-o", tmp_path, "--size", "32x32x16")
    with (tmp_path / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["structure"] for row in rows] == list(COLORS)
    for row in rows:
        assert all((tmp_path / row[k]).is_file() for k in ("image", "reference", "VPM", "LFT", "probability"))
        vendor = next(c for c in read_contours(tmp_path / row["VPM"]) if c.name == row["structure"])
        probability = read_image(tmp_path / row["probability"])
        assert probability.values.dtype == np.float32
        assert np.array_equal(probability.values >= 0.5, vendor.mask)


def test_a_spacing_can_be_chosen(contourqa: Command, tmp_path):
    assert contourqa("phantom", "-o", tmp_path, "--size", "40x30x20", "--spacing", "8x8.5x9").code == 0
    assert read_image(tmp_path / "image.nrrd").grid.spacing == (8.0, 8.5, 9.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "128x128"), "--size 128x128 is not three numbers"),
        (("--size", "4x4x4"), "4x4x4 voxels cannot be drawn"),
        (("--spacing", "1x0x1"), "must be positive"),
        (("--spacing", "1xnanx1"), "not a finite number"),
        (("--seed", "-1"), "seed is -1"),
    ],
)
def test_usage_that_is_wrong_is_one_sentence_and_writes_nothing(
    contourqa: Command, tmp_path, arguments, message: str
):
    result = contourqa("phantom", "-o", tmp_path / "phantom", *arguments)
    assert result.code == 2
    assert message in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not (tmp_path / "phantom").exists()


def test_a_file_is_no_folder(contourqa: Command, tmp_path):
    (tmp_path / "taken").write_text("")
    result = contourqa("phantom", "-o", tmp_path / "taken", "--size", "16x16x16")
    assert result.code == 2
    assert "taken cannot be a folder" in result.err
