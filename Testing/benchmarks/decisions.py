"""What a decision costs: with each of SQLite's journals, in a full file, its hash, its edited contour.

python Testing/benchmarks/decisions.py [--folder FOLDER]

The folder says which disk is meant; a new one in the current folder by default, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.workstation.decisions import decision_log
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.decisions.edited_contours import save_edited

JOURNALS = (("WAL", "NORMAL"), ("WAL", "FULL"), ("DELETE", "FULL"), ("DELETE", "EXTRA"))
ROWS, MANY = 200, 10_000
STRUCTURES = 6
GRID = Grid((512, 512, 150), (1.0, 1.0, 3.0))


def decision(number: int) -> Decision:
    """One of some 600 bytes in the file, as a reader makes it."""
    return Decision(
        case=f"case_{number % 100:03d}",
        structure=f"Organ_{number % STRUCTURES}",
        choice=Choice.ACCEPT,
        reader="Dr. A. Reader",
        note="the apex is two slices too low, which does not matter for this plan " * 2,
        contour_sha256="a" * 64,
        model="pelvis-phantom",
        model_version="1.0.0",
        verdict="review",
        dice=0.81,
        dice_low=0.72,
        dice_high=0.88,
        score_hidden=False,
        image_sha256="b" * 64,
    )


def taken_ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def show(what: str, times_ms: list[float]) -> None:
    many = f"   95th percentile {np.percentile(times_ms, 95):8.2f}" if len(times_ms) > 10 else ""
    print(f"{what:48} {statistics.median(times_ms):9.3f} ms{many}", flush=True)


def measure_journals(folder: Path) -> None:
    """Rows are appended under each journal; ours is the last."""
    ours = decision_log.PRAGMAS
    try:
        for mode, synchronous in JOURNALS:
            decision_log.PRAGMAS = (f"journal_mode = {mode}", f"synchronous = {synchronous}", *ours[2:])
            with DecisionLog(folder / f"{mode}-{synchronous}.sqlite") as log:
                times = [taken_ms(lambda n=n: log.append(decision(n))) for n in range(ROWS)]
            show(f"append, journal {mode}, synchronous {synchronous}", times)
    finally:
        decision_log.PRAGMAS = ours


def measure_full_file(folder: Path) -> None:
    ours = decision_log.PRAGMAS
    path = folder / "many.sqlite"
    decision_log.PRAGMAS = ("journal_mode = MEMORY", "synchronous = OFF")  # only to have the rows soon
    try:
        with DecisionLog(path) as log:
            for number in range(MANY):
                log.append(decision(number))
    finally:
        decision_log.PRAGMAS = ours
    with DecisionLog(path) as log:
        print(f"a file of {MANY} decisions: {path.stat().st_size / 1e6:.1f} MB")
        show(
            "the last one on a structure",
            [taken_ms(lambda: log.latest("case_042", "Organ_0")) for _ in range(50)],
        )
        show("all of them", [taken_ms(log.all) for _ in range(3)])
        show("the chain of hashes", [taken_ms(log.verify) for _ in range(3)])


def measure_contours(folder: Path) -> None:
    whole = np.zeros(GRID.shape, bool)
    whole[20:130, 100:400, 100:400] = True
    contour = Contour(whole, GRID, "Organ_0")
    show(
        "hash of a contour of 512 x 512 x 150 voxels",
        [taken_ms(lambda: hash_contour(contour)) for _ in range(5)],
    )
    original = folder / "contours.seg.nrrd"
    drawn = []
    for number in range(STRUCTURES):
        mask = np.zeros(GRID.shape, bool)
        mask[40:90, 60 * number : 60 * number + 50, 200:300] = True
        drawn.append(Contour(mask, GRID, f"Organ_{number}"))
    write_segmentation(drawn, original)
    edited = Contour(np.roll(drawn[0].mask, 3, axis=2), GRID, "Organ_0")
    show(
        f"an edited contour is saved, {STRUCTURES} in its file",
        [taken_ms(lambda: save_edited(original, [edited], GRID)) for _ in range(3)],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(), help="where files are written")
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as made:
        for measure in (measure_journals, measure_full_file, measure_contours):
            measure(Path(made))


if __name__ == "__main__":
    main()
