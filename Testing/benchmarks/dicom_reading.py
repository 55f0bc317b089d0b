"""A DICOM series read: what ours and SimpleITK's reader (GDCM) take, and whether their voxels are the same.

    python Testing/benchmarks/dicom_reading.py [--slices 150] [--repeats 5] [--format table|json|markdown]
                                               [--quick]

A made-up CT of 512x512 pixels, a file for each slice, from nothing but the folder's name: headers searched,
slices sorted, pixels decoded and rescaled. The floor is reading the files' bytes once. `waited for` is ours
with 5 ms more for every file that is opened, as on a network, with as many files at a time as the library
reads and with one. `headers` is what searching a folder of ten times as many files takes. The exit code is 1
where a voxel or the grid differs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from measuring import repeated
from reporting import Row, exit_code, row_of, show, with_ratios

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' own samples
from ContourQALib.case import Image
from ContourQALib.formats.dicom import reading
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.series_image import read_series
from ContourQALib.geometry import Grid, Relation
from dicom_samples import write_series

WAIT_S = 0.005


def ours(folder: Path) -> Image:
    return read_series(choose_series(scan(folder)))


def theirs(folder: Path) -> Any:
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def bytes_of(folder: Path) -> int:
    return sum(len(path.read_bytes()) for path in folder.iterdir())


def same(image: Image, other: Any) -> bool:
    """Whether SimpleITK's image has our voxels at our places."""
    import SimpleITK as sitk

    grid = Grid(other.GetSize(), other.GetSpacing(), other.GetOrigin(), other.GetDirection())
    return image.grid.relation_to(grid) is Relation.SAME and np.array_equal(
        image.values, sitk.GetArrayViewFromImage(other)
    )


@contextmanager
def waited_for(threads: int) -> Iterator[None]:
    """Every file that is opened meanwhile is there a little later."""
    open_at_once = Path.open

    def open_later(*arguments: Any, **options: Any) -> Any:
        time.sleep(WAIT_S)
        return open_at_once(*arguments, **options)

    with patch.object(Path, "open", open_later), patch.object(reading, "THREADS", threads):
        yield


def measured(folder: Path, count: int, repeats: int) -> list[Row]:
    """Rows of one series."""
    name = f"{count} slices"
    cost, image = repeated(lambda: ours(folder), repeats)
    their_cost, their_image = repeated(lambda: theirs(folder), repeats)
    floor, _ = repeated(lambda: bytes_of(folder), repeats)
    rows = [
        row_of(name, "ours", cost),
        replace(
            row_of(name, "SimpleITK", their_cost), agrees=same(image, their_image), compared={"voxels": 0.0}
        ),
        row_of(name, "floor", floor),
    ]
    for threads in (reading.THREADS, 1):
        with waited_for(threads):
            slow, _ = repeated(lambda: ours(folder), 1)
        rows.append(
            row_of(name, f"ours, waited for, {threads} at a time", slow, f"{WAIT_S * 1e3:g} ms a file")
        )
    return with_ratios(rows, cost, floor)


def many(folder: Path, copies: int, repeats: int) -> Row:
    """A row of what searching a large folder takes."""
    for copy in range(1, copies):
        shutil.copytree(folder, folder.parent / f"many/{copy}")
    cost, found = repeated(lambda: scan(folder.parent), repeats)
    files = sum(len(one.files) for one in found.series) + len(found.left_out)
    return row_of(f"{files} files", "ours, headers", cost, "copies are left out")


def main() -> int:
    """Measure, print, and say by the exit code whether voxels agree."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--slices", type=int, default=150)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    options.add_argument("--quick", action="store_true", help="small and once, to see that it runs")
    chosen = options.parse_args()
    count, size, copies = (6, 32, 2) if chosen.quick else (chosen.slices, 512, 10)
    repeats = 1 if chosen.quick else chosen.repeats
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "series"
        grid = Grid((size, size, count), (0.97, 0.97, 2.5), (-250.0, -250.0, 30.0))
        values = np.random.default_rng(0).normal(1000, 200, grid.shape).astype(np.int16)
        write_series(folder, values, grid, intercept=-1024.0)
        rows = measured(folder, count, repeats)
        rows.append(many(folder, copies, 1))
        show(rows, chosen.format)
        return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
