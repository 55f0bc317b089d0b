"""Masks of RTSTRUCT files beside the publishers' own NIfTI masks, and what other rules would have given.

    python Testing/benchmarks/structure_sets.py [--data ../shared/data] [--format markdown|json] [--reading]

For each of the six structure sets of dicom/sarcoma: Dice and the number of voxels that differ from the
publishers' mask, for the rule that the program has and for rules that other programs have:

* half a voxel off: the contour's points are taken as voxel corners instead of centers,
* half covered: voxels of which the polygons cover at least half (exact areas),
* touched: voxels that the polygons cover at all,
* ends twice as thick: one slice more below the first contour and above the last.

With --reading: what reading the file of a head and neck costs, without rasterizing, beside pydicom's own
values of the same coordinates: median CPU time of five calls. The file is made in the run: 20 structures,
1217 contours, 194720 points.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import dcmread

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.structure_set import read_structure_set
from ContourQALib.geometry import Grid
from ContourQALib.planar.coverage import coverage
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.rasterizing import rasterize

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Testing"))
from dicom_samples import disk_contours, small_grid, small_values, write_series, write_structure_set  # noqa: E402

REPEATS = 5
STRUCTURES = 20


def masks(structure: PlanarStructure, grid: Grid) -> Iterator[tuple[str, np.ndarray]]:
    """The mask by each rule."""
    ours = rasterize(structure, grid).mask
    yield "ours", ours
    half = grid.axes @ (0.5 * np.asarray(grid.spacing) * (1, 1, 0))
    moved = tuple(replace(one, points_mm=one.points_mm + half) for one in structure.contours)
    yield "half a voxel off", rasterize(replace(structure, contours=moved), grid).mask
    shares = coverage(structure, grid).values
    yield "half covered", shares >= 0.5
    yield "touched", shares > 0
    longer = ours.copy()
    first, last = np.flatnonzero(ours.any(axis=(1, 2)))[[0, -1]]
    longer[first - 1], longer[last + 1] = ours[first], ours[last]
    yield "ends twice as thick", longer


def rows_of(file: Path, publishers: Path) -> Iterator[dict[str, object]]:
    """A row for each rule."""
    (theirs,) = read_contours(publishers)
    (structure,) = read_structure_set(file).structures
    points = sum(len(contour.points_mm) for contour in structure.contours)
    for rule, mask in masks(structure, theirs.grid):
        yield {
            "patient": file.parts[-4],
            "image": file.parts[-3],
            "rule": rule,
            "dice": 2 * np.count_nonzero(mask & theirs.mask) / (mask.sum() + theirs.mask.sum()),
            "only_rule_voxels": int(np.count_nonzero(mask & ~theirs.mask)),
            "only_publishers_voxels": int(np.count_nonzero(theirs.mask & ~mask)),
            "publishers_voxels": int(theirs.mask.sum()),
            "points": points,
        }


def show(rows: list[dict[str, object]]) -> None:
    """A table with a line for each file and a column for each rule."""
    rules = list(dict.fromkeys(str(row["rule"]) for row in rows))
    print(f"| file | points | voxels | {' | '.join(rules)} |")
    print("|---" * (3 + len(rules)) + "|")
    for start in range(0, len(rows), len(rules)):
        of_file = rows[start : start + len(rules)]
        first = of_file[0]
        cells = [
            f"{row['dice']:.4f} (+{row['only_rule_voxels']} -{row['only_publishers_voxels']})"
            for row in of_file
        ]
        print(
            f"| {first['patient']} {first['image']} | {first['points']} | {first['publishers_voxels']} |"
            f" {' | '.join(cells)} |"
        )


def head_and_neck(folder: Path) -> Path:
    """A structure set of 20 disks on up to 90 of 150 slices, 160 points each."""
    grid = Grid((512, 512, 150), (0.98, 0.98, 2.5), (-250.0, -250.0, -400.0))
    datasets = write_series(folder / "series", small_values(small_grid()), small_grid())
    chosen = np.random.default_rng(0)
    structures = {}
    for number in range(STRUCTURES):
        first = chosen.integers(0, 60)
        slices = range(first, first + chosen.integers(30, 90))
        center = chosen.integers(150, 350, size=2)
        structures[f"Organ {number}"] = disk_contours(grid, center, chosen.uniform(10, 60), slices, 160)
    write_structure_set(folder / "RS.dcm", datasets, structures)
    return folder / "RS.dcm"


def by_pydicom(file: Path) -> int:
    """How many coordinates a file holds, each made a number by pydicom."""
    return sum(
        len(contour.ContourData)
        for roi in dcmread(file).ROIContourSequence
        for contour in roi.ContourSequence
    )


def cpu_ms(work: Callable[[], object]) -> float:
    """Median CPU time of a call."""
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1000 * statistics.median(times)


def show_reading() -> None:
    """What reading costs."""
    with tempfile.TemporaryDirectory() as folder:
        file = head_and_neck(Path(folder))
        found = read_structure_set(file).structures
        points = sum(len(contour.points_mm) for one in found for contour in one.contours)
        contours = sum(len(one.contours) for one in found)
        print(f"{len(found)} structures, {contours} contours, {points} points")
        print(f"ours {cpu_ms(lambda: read_structure_set(file)):.0f} ms CPU")
        print(f"pydicom's values {cpu_ms(lambda: by_pydicom(file)):.0f} ms CPU")


def main() -> int:
    """Print the table; 1 where ours differs from the publishers' mask by more than Dice 0.97 allows."""
    parser = argparse.ArgumentParser(description="RTSTRUCT masks beside the publishers' NIfTI masks")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    parser.add_argument("--reading", action="store_true")
    options = parser.parse_args()
    if options.reading:
        show_reading()
        return 0
    folder = options.data / "dicom"
    rows = [
        row
        for file in sorted((folder / "sarcoma").glob("*/*/mask/RS.dcm"))
        for row in rows_of(file, folder / "sarcoma_nifti" / file.parts[-4] / f"{file.parts[-3]}_mask.nii.gz")
    ]
    if options.format == "json":
        json.dump(rows, sys.stdout, indent=1)
    else:
        show(rows)
    return int(any(row["rule"] == "ours" and float(str(row["dice"])) < 0.97 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
