"""DICOM segmentations of 20 structures on 512x512x150, written and read by us and by highdicom alone.

    python Testing/benchmarks/dicom_segmentation.py [--quick] [--repeats 3] [--format table|json|markdown]

Each tool runs in a process of its own; masks are ellipsoids of the sizes of organs. Maps are four, since
highdicom takes all of them as one array of floats. What comes back must be what went out, or the script ends
with 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Cost, in_own_process, repeated
from reporting import Row, exit_code, row_of, show, with_ratios

from ContourQALib.case import Contour, ProbabilityMap, SeriesIdentity
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg, write_seg
from ContourQALib.formats.dicom.source_series import SourceSeries
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import cropped

FULL, QUICK = (150, 512, 512), (20, 64, 64)
STRUCTURES, MAPS = 20, 4
WHO = Algorithm("benchmark", "1")
HALF_A_STEP = 0.5 / 255 + 1e-6  # the latter for float32


def source_of(shape: Sequence[int]) -> SourceSeries:
    """Headers of a CT series."""
    from pydicom.dataset import Dataset

    k, j, i = shape
    grid = Grid((i, j, k), (1.0, 1.0, 2.5))
    slices = []
    for n in range(k):
        one = Dataset()
        one.SOPClassUID, one.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"2.25.1{n:04d}"
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
        one.PatientID, one.PatientName, one.PatientBirthDate, one.PatientSex = "1", "A^B", "", ""
        one.StudyID, one.StudyDate, one.StudyTime, one.AccessionNumber = "1", "", "", ""
        one.Modality, one.Manufacturer, one.SeriesNumber, one.InstanceNumber = "CT", "none", 1, n + 1
        one.Rows, one.Columns, one.PixelSpacing, one.SliceThickness = j, i, [1, 1], 2.5
        one.ImageOrientationPatient, one.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2.5 * n]
        slices.append(one)
    identity = SeriesIdentity(
        "2.25.1", "2.25.2", "2.25.3", "CT", tuple(str(one.SOPInstanceUID) for one in slices)
    )
    return SourceSeries(identity, grid, tuple(slices), Path("benchmark"))


def masks(shape: Sequence[int]) -> list[np.ndarray]:
    """Ellipsoids of 4 to 110 cc on the full size, some of which overlap."""
    chance, found = np.random.default_rng(0), []
    size = np.array(shape)
    for _ in range(STRUCTURES):
        center = size * chance.uniform(0.3, 0.7, 3)
        radius = size * chance.uniform((0.05, 0.02, 0.02), (0.15, 0.1, 0.1))
        low, high = np.floor(center - radius).astype(int), np.ceil(center + radius).astype(int) + 1
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        parts = (((axis - c) / r) ** 2 for axis, c, r in zip(np.ogrid[box], center, radius, strict=True))
        mask = np.zeros(shape, bool)
        mask[box] = sum(parts) <= 1
        found.append(mask)
    return found


def ours_write(shape: Sequence[int], folder: Path, repeats: int) -> Cost:
    source = source_of(shape)
    contours = [Contour(mask, source.grid, f"Organ {n}") for n, mask in enumerate(masks(shape), 1)]
    return repeated(lambda: write_seg(contours, source, folder / "ours.dcm", WHO, "Benchmark"), repeats)[0]


def ours_read(shape: Sequence[int], folder: Path, repeats: int) -> tuple[Cost, bool]:
    cost, found = repeated(lambda: read_seg(folder / "ours.dcm", each=cropped), repeats)
    grid = source_of(shape).grid
    same = all(np.array_equal(one.on(grid).mask, mask) for one, mask in zip(found, masks(shape), strict=True))
    return cost, same


def ours_write_maps(shape: Sequence[int], folder: Path, repeats: int) -> Cost:
    source = source_of(shape)
    maps = [ProbabilityMap(values, source.grid, f"Map {n}") for n, values in enumerate(soft(shape), 1)]
    return repeated(
        lambda: write_fractional_seg(maps, source, folder / "maps.dcm", WHO, "Benchmark"), repeats
    )[0]


def ours_read_maps(shape: Sequence[int], folder: Path, repeats: int) -> tuple[Cost, bool]:
    cost, found = repeated(lambda: read_seg_probabilities(folder / "maps.dcm"), repeats)
    grid = source_of(shape).grid
    same = all(
        np.abs(one.on(grid).values - values).max() <= HALF_A_STEP
        for one, values in zip(found, soft(shape), strict=True)
    )
    return cost, same


def soft(shape: Sequence[int]) -> list[np.ndarray]:
    """Masks as maps whose values fall off towards the front."""
    rising = np.linspace(0, 1, shape[2], dtype=np.float32)
    return [mask * rising for mask in masks(shape)[:MAPS]]


def highdicom_write(
    shape: Sequence[int], folder: Path, repeats: int, volumes: Callable, kind: str, name: str
) -> Cost:
    import highdicom

    source, arrays = source_of(shape), volumes(shape)
    organ = highdicom.sr.CodedConcept("91723000", "SCT", "Anatomical Structure")
    described = [
        highdicom.seg.SegmentDescription(n, f"Organ {n}", organ, organ, "MANUAL")
        for n in range(1, len(arrays) + 1)
    ]

    def write() -> None:
        made = highdicom.seg.Segmentation(
            list(source.datasets), np.stack(arrays, -1), kind, described, highdicom.UID(), 1, highdicom.UID(),
            1, "m", "m", "1", "1",
        )  # fmt: skip
        made.save_as(folder / name)

    return repeated(write, repeats)[0]


def highdicom_read(
    shape: Sequence[int], folder: Path, repeats: int, volumes: Callable, name: str
) -> tuple[Cost, bool]:
    import highdicom

    def read() -> Any:
        return highdicom.seg.segread(folder / name).get_volume(combine_segments=False)

    cost, volume = repeated(read, repeats)
    planes = np.flatnonzero(np.any([one.any(axis=(1, 2)) for one in volumes(shape)], axis=0))
    found = np.moveaxis(volume.array, -1, 0)
    if volume.direction[:, 0] @ (0, 0, 1) < 0:  # its planes go down where ours go up
        found = found[:, ::-1]
    same = all(
        np.abs(one.astype(np.float32) - values[planes[0] : planes[-1] + 1]).max() <= HALF_A_STEP
        for one, values in zip(found, volumes(shape), strict=True)
    )
    return cost, same


def measured(shape: Sequence[int], repeats: int) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pairs: list[tuple[str, tuple[Any, ...], tuple[Any, ...], str]] = [
            ("write 20 masks", (ours_write,), (highdicom_write, masks, "BINARY", "theirs.dcm"), "ours.dcm"),
            ("read 20 masks", (ours_read,), (highdicom_read, masks, "ours.dcm"), ""),
            ("write 4 maps", (ours_write_maps,), (highdicom_write, soft, "FRACTIONAL", "their_maps.dcm"),
             "maps.dcm"),
            ("read 4 maps", (ours_read_maps,), (highdicom_read, soft, "maps.dcm"), ""),
        ]  # fmt: skip
        for what, ours, theirs, written in pairs:
            done = []
            for tool, (work, *more) in (("ours", ours), ("highdicom", theirs)):
                found = in_own_process(work, {}, shape, folder, repeats, *more)
                cost, agrees = found if isinstance(found, tuple) else (found, None)
                file = {"ours": written, "highdicom": more[-1] if written and more else ""}[tool]
                note = f"{(folder / file).stat().st_size / 1e6:.1f} MB" if file else ""
                row = row_of(what, tool, cost, note)
                if agrees is not None:
                    row = replace(row, agrees=agrees, compared={"voxels": HALF_A_STEP})
                done.append((row, cost))
            rows += with_ratios([row for row, _ in done], done[0][1], done[0][1])
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small volumes, once")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    options = parser.parse_args()
    rows = measured(QUICK if options.quick else FULL, 1 if options.quick else options.repeats)
    show(rows, options.format)
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
