"""From an RTSTRUCT to masks: what ours and other tools take, and how far they agree.

    python Testing/benchmarks/rasterizing.py [--repeats 3] [--format table|markdown] [--quick]

20 structures of a head and neck, contours 2 mm apart with points 1 mm apart, on 512x512x150 voxels. Every
tool runs in a process of its own and gives the median of the repeats after one call that warms it up: wall
time, CPU time of all threads and child processes, and the most memory above what was held before. `Dice` is
that with our masks, the least and the median over the structures. `published` is the least Dice with the
masks that the publishers of dicom/sarcoma made of the same contours themselves, over its six structure sets.
rt-utils is measured where it can be imported: `pip install --target FOLDER --no-deps rt-utils
opencv-python-headless`, then `PYTHONPATH=FOLDER`.

Rows of ours: masks of the structures once they are read, the same with the file read, the same contours drawn
on planes oblique to the grid, the exact share of each voxel instead of a mask, and what a new process takes
that has not imported anything, from its start to its end. `--quick` takes a small grid.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Cost, in_own_process, repeated
from polygon_peers import PEERS, Masks, Sample, of_peer
from polygon_samples import SIZE, grid_of, write_samples

from ContourQALib.geometry import Grid

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom"

COLUMNS = ("tool", "wall s", "CPU s", "peak MB", "CPU / ours", "Dice least", "median", "published", "note")

NEW_PROCESS = """
import sys
from ContourQALib.formats.dicom.structure_set import read_structure_set
from ContourQALib.geometry import Grid
from ContourQALib.planar.rasterizing import rasterize
grid = eval(sys.argv[2])
for structure in read_structure_set(sys.argv[1]).structures:
    rasterize(structure, grid)
"""


@dataclass(frozen=True)
class Row:
    """One way of making masks; None where something was not measured."""

    tool: str
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None
    dice: tuple[float, float] | None = None
    published: float | None = None
    note: str = ""


def row_of(tool: str, cost: Cost, note: str = "") -> Row:
    """A row of what was measured."""
    return Row(tool, cost.wall_s, cost.cpu_s, cost.peak_mb, note=note)


def ours(sample: Sample, repeats: int) -> tuple[Cost, Masks]:
    """Masks of structures that have been read."""
    from ContourQALib.formats.dicom.structure_set import read_structure_set
    from ContourQALib.planar.rasterizing import rasterize

    structures = read_structure_set(sample.structures).structures
    cost, contours = repeated(lambda: [rasterize(one, sample.grid) for one in structures], repeats)
    return cost, {contour.name: contour.mask for contour in contours}


def other_rows(sample: Sample, repeats: int) -> list[Row]:
    """What else ours do."""
    from ContourQALib.formats.dicom.structure_set import read_structure_set
    from ContourQALib.planar.coverage import coverage
    from ContourQALib.planar.rasterizing import rasterize

    def with_file() -> None:
        for one in read_structure_set(sample.structures).structures:
            rasterize(one, sample.grid)

    def measured(convert: Callable[[Any, Grid], object], grid: Grid) -> Cost:
        def one_by_one() -> None:
            for one in structures:
                convert(one, grid)

        return repeated(one_by_one, repeats)[0]

    structures = read_structure_set(sample.structures).structures
    cosine, sine = np.cos(0.2), np.sin(0.2)
    tilt = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    grid = sample.grid
    tilted = Grid(
        grid.size, grid.spacing, tuple(tilt @ grid.origin), tuple(np.ravel(tilt @ grid.axes).tolist())
    )
    return [
        row_of("ours, file read too", repeated(with_file, repeats)[0]),
        row_of(
            "ours, oblique planes",
            repeated(lambda: [rasterize(one, tilted) for one in structures], repeats)[0],
        ),
        row_of("ours, shares", repeated(lambda: [coverage(one, grid) for one in structures], repeats)[0]),
    ]


def new_process(sample: Sample) -> Row:
    """Seconds from the start of an interpreter to its end."""
    command = [sys.executable, "-c", NEW_PROCESS, str(sample.structures), repr(sample.grid)]
    spent = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, check=True)
        spent.append(time.perf_counter() - started)
    return Row("ours, new process", sorted(spent)[1], note="imports and reading too")


def published() -> list[tuple[Sample, np.ndarray]]:
    """The six structure sets of dicom/sarcoma, and their publishers' own masks."""
    import SimpleITK as sitk

    found = []
    for path in sorted((DATA / "sarcoma_nifti").glob("*/*_mask.nii.gz")):
        image = sitk.ReadImage(path)
        grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
        folder = DATA / "sarcoma" / path.parent.name / path.name.removesuffix("_mask.nii.gz")
        sample = Sample(folder / "image", folder / "mask" / "RS.dcm", grid)
        found.append((sample, sitk.GetArrayFromImage(image) > 0))
    return found


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice of two masks; 1 where both are empty."""
    total = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / total if total else 1.0


def least_published(
    masks_of: Callable[[Sample], Masks], real: list[tuple[Sample, np.ndarray]]
) -> float | None:
    """Least Dice with the publishers' own masks."""
    return min((dice(next(iter(masks_of(one).values())), mask) for one, mask in real), default=None)


def rows_of(sample: Sample, real: list[tuple[Sample, np.ndarray]], repeats: int) -> list[Row]:
    """Ours and the peers."""
    cost, own = in_own_process(ours, {}, sample, repeats)
    least = least_published(lambda one: ours(one, 1)[1], real)
    rows = [replace(row_of("ours", cost), dice=(1.0, 1.0), published=least)]
    rows += in_own_process(other_rows, {}, sample, repeats)
    rows.append(new_process(sample))
    for name, peer in PEERS.items():
        if not peer.installed:
            rows.append(Row(name, note="not installed"))
            continue
        cost, theirs = in_own_process(of_peer, {}, name, sample, repeats)
        agreement = sorted(dice(own[structure], mask) for structure, mask in theirs.items())
        note = peer.note
        try:
            least = least_published(lambda one, name=name: of_peer(name, one, 1)[1], real)
        except Exception as error:  # whatever it is, the other tools are still measured
            least, note = None, f"{note} dicom/sarcoma: {type(error).__name__}".strip()
        row = row_of(name, cost, note)
        if peer.is_program:
            row = replace(row, peak_mb=None)  # this process holds nothing of it
        rows.append(replace(row, dice=(agreement[0], agreement[len(agreement) // 2]), published=least))
    return rows


def show(rows: list[Row], how: str) -> None:
    """Print the rows as `table` or `markdown`."""

    def number(value: float | None, form: str = ".3g") -> str:
        return "" if value is None else format(value, form)

    first = rows[0].cpu_s or 1.0
    cells = [COLUMNS]
    for row in rows:
        ratio = None if row.cpu_s is None else row.cpu_s / first
        agreement = ("", "") if row.dice is None else tuple(number(value, ".4f") for value in row.dice)
        measured = (number(row.wall_s), number(row.cpu_s), number(row.peak_mb, ".0f"), number(ratio))
        cells.append((row.tool, *measured, *agreement, number(row.published, ".4f"), row.note))
    if how == "markdown":
        cells.insert(1, ("---",) * len(COLUMNS))
        print("\n".join("| " + " | ".join(line) + " |" for line in cells))
        return
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--format", choices=("table", "markdown"), default="table")
    parser.add_argument("--quick", action="store_true", help="a grid of 64x64x30 and no real data")
    options = parser.parse_args()
    grid = grid_of((64, 64, 30) if options.quick else SIZE)
    with tempfile.TemporaryDirectory() as folder:
        images, structures = write_samples(Path(folder), grid)
        real = [] if options.quick else published()
        show(rows_of(Sample(images, structures, grid), real, options.repeats), options.format)
    return 0


if __name__ == "__main__":
    sys.exit(main())
