"""A cohort: pairs a second beside a loop over MONAI's metrics and with reading, and memory by its rows.

    python Testing/benchmarks/cohort.py [--organs Brain Parotid-Lt Lens-Lt] [--rows 10000] [--workers 2]
                                        [--no-peers] [--format table|json|markdown] [--quick]

After reading: every mask of the organs (all of one patient's for ours) lies in memory, on whole grids of
512x512x156 voxels, and `workers` processes measure them at the same time with every figure of `compare`;
MONAI's public functions give Dice, HD, HD95 and ASSD, in one process with as many threads as it takes. With
reading: `contourqa cohort` on the files, from the shell to the answer. Memory: the most that the command
holds, its processes and the report included, on a cohort of small masks, which every row reads anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Barrier

from measuring import in_own_process, peak_of_process_mb, repeated
from organs import DATA, ORGANS, PATIENT, ROOT, Pair, pair_of, tiny_pair
from peers import PEERS

sys.path.insert(0, str(ROOT / "Testing"))
from cohort_folders import small_cohort, write_manifest

FEW = 100
"""Rows of the small cohort that the large one is compared with."""

MOST_GROWTH_MB = 50.0
"""What the large cohort may take more."""

SETS = 16
"""Sets of files that the rows of the small masks use in turn: no row finds its own in memory."""

LOOK_EVERY_S = 0.02
"""Time between two looks at what the processes hold; each keeps its own peak, so none is missed between."""

LONGEST_WAIT_S = 600.0
"""After this time another process has broken off."""

_meeting: list[Barrier] = []
"""Where the processes of one measurement wait until all have read their files."""


@dataclass(frozen=True)
class Result:
    """One line of the benchmark.

    Attributes:
        what: what was measured.
        pairs: how many pairs of contours.
        wall_s: wall time.
        cpu_s: processor time of all processes.
        pairs_per_s: pairs over wall time.
        ratio: wall time of a pair over that of ours on the same organs.
        peak_mb: most memory held, all processes together.
    """

    what: str
    pairs: int
    wall_s: float
    cpu_s: float | None = None
    pairs_per_s: float | None = None
    ratio: float | None = None
    peak_mb: float | None = None


def after_reading(name: str, organs: Sequence[str], workers: int, cropped: bool) -> Result:
    """Every organ measured with both masks in memory, by several processes at the same time."""
    parts = [part for part in (organs[n::workers] for n in range(workers)) if part]
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(len(parts))
    with ProcessPoolExecutor(len(parts), mp_context=spawn, initializer=_meet, initargs=(barrier,)) as pool:
        spans = list(pool.map(_measure_part, parts, [cropped] * len(parts)))
    wall = max(last for _, last, _ in spans) - min(first for first, _, _ in spans)
    cpu = sum(span[2] for span in spans)
    return Result(name, len(organs), wall, cpu, len(organs) / wall)


def _meet(barrier: Barrier) -> None:
    _meeting.append(barrier)


def _measure_part(organs: Sequence[str], cropped: bool) -> tuple[float, float, float]:
    """Start, end and processor time of measuring, once all processes have read theirs."""
    from ContourQALib.case import Contour
    from ContourQALib.geometry import Grid
    from ContourQALib.metrics.compare import compare

    contours = []
    for organ in organs:
        pair = pair_of(organ, cropped=cropped)
        grid = Grid.for_shape(pair.reference.shape, pair.spacing[::-1])
        contours.append((Contour(pair.reference, grid, organ), Contour(pair.test, grid, organ)))
    compare(*contours[0])  # kernels are loaded by now
    _meeting[0].wait(LONGEST_WAIT_S)
    first, cpu = time.monotonic(), time.process_time()
    for pair_of_contours in contours:
        compare(*pair_of_contours)
    return first, time.monotonic(), time.process_time() - cpu


def monai_loop(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Wall and processor time of MONAI's metrics, one pair after the other, its imports done before."""
    figures = PEERS["MONAI"].figures
    figures(tiny_pair())
    for pair in pairs:
        _ = pair.reference, pair.test, pair.spacing  # read before the clock starts
    cost, _ = repeated(lambda: [figures(pair) for pair in pairs], 1, warm_up=False)
    return cost.wall_s, cost.cpu_s


def with_reading(organs: Sequence[str], workers: int, cropped: bool, folder: Path) -> Result:
    """The command on the organs' files, from the shell to the answer."""
    pairs = [pair_of(organ, cropped=cropped) for organ in organs]
    rows = [["", PATIENT, "", p.organ, p.reference_path.resolve(), p.test_path.resolve()] for p in pairs]
    manifest = write_manifest(folder / "organs.csv", ["Radiographer"], rows)
    wall, peak = command(manifest, folder / "organs.out", workers)
    return Result("ours, with reading and start", len(pairs), wall, None, len(pairs) / wall, peak_mb=peak)


def command(manifest: Path, answer: Path, workers: int, *options: str) -> tuple[float, float]:
    """Wall time of `contourqa cohort`, and the most that its processes held together, MB.

    The peaks of the processes are added, which is never less than what they held at one time.
    """
    arguments = ["cohort", str(manifest), "--workers", str(workers), "--format", "csv", *options]
    started = time.perf_counter()
    with answer.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "ContourQALib", *arguments], stdout=out, cwd=ROOT)
        peaks: dict[int, float] = {}
        while process.poll() is None:
            for pid in (process.pid, *_children(process.pid)):
                # the latest, not the largest: until its own program runs, a child counts its parent's memory
                peaks[pid] = peak_of_process_mb(pid) or peaks.get(pid, 0.0)
            time.sleep(LOOK_EVERY_S)
    if process.returncode:
        raise SystemExit(f"contourqa cohort ended with {process.returncode}.")
    return time.perf_counter() - started, sum(peaks.values())


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory(rows: int, workers: int, folder: Path) -> Result:
    """Memory of a cohort of small masks, its report included."""
    manifest = small_cohort(folder / f"small_{rows}", rows, SETS)
    wall, peak = command(manifest, folder / "small.out", workers, "-o", str(folder / f"report_{rows}"))
    return Result(
        f"ours, {rows} rows of small masks, with a report",
        2 * rows,
        wall,
        None,
        2 * rows / wall,
        peak_mb=peak,
    )


def organs_of(cropped: bool) -> list[str]:
    """All organs of the patient that both observers drew."""
    folder = DATA / ("cropped" if cropped else "full") / PATIENT
    names = [path.name.removesuffix("_oncologist.nrrd") for path in sorted(folder.glob("*_oncologist.nrrd"))]
    return [name for name in names if (folder / f"{name}_radiographer.nrrd").is_file()]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--organs", nargs="+", default=list(ORGANS), help="organs of the comparison with MONAI"
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the large cohort")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-peers", action="store_true", help="leave MONAI out")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--quick", action="store_true", help="crops of three organs, and 400 rows")
    given = parser.parse_args()
    quick, workers = given.quick, given.workers
    pairs = [pair_of(organ, cropped=quick) for organ in given.organs]
    everything = list(given.organs) if quick else organs_of(cropped=False)
    same = after_reading("ours, the same organs", given.organs, workers, quick)
    results = [after_reading("ours, all organs in memory", everything, workers, quick), same]
    if not given.no_peers and PEERS["MONAI"].installed:
        wall, cpu = in_own_process(monai_loop, {}, pairs)
        ratio = (wall / len(pairs)) / (same.wall_s / same.pairs)
        results.append(Result("MONAI loop, the same organs", len(pairs), wall, cpu, len(pairs) / wall, ratio))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results.append(with_reading(everything, workers, quick, folder))
        small = memory(FEW, workers, folder)
        large = memory(400 if quick else given.rows, workers, folder)
    results += [small, large]
    show(results, given.format)
    growth = (large.peak_mb or 0.0) - (small.peak_mb or 0.0)
    print(f"{growth:.0f} MB more for {large.pairs // 2} rows than for {FEW}", file=sys.stderr)
    return int(growth > MOST_GROWTH_MB)


def show(results: Sequence[Result], how: str) -> None:
    """Print the lines."""
    if how == "json":
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    head = ["what", "pairs", "wall s", "CPU s", "pairs/s", "time / ours", "peak MB"]
    lines = [head, *([_cell(value) for value in asdict(result).values()] for result in results)]
    if how == "markdown":
        lines.insert(1, ["---"] * len(head))
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    for line in lines:
        cells = [cell.rjust(widths[n]) if n else cell.ljust(widths[n]) for n, cell in enumerate(line)]
        print("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    sys.exit(main())
