"""Dice, HD, HD95 and MSD of two observers' contours: what ours and other tools take.

    python Testing/benchmarks/metrics.py [--organs Brain Parotid-Lt Lens-Lt] [--repeats 3] [--peers ...]
                                         [--format table|json|markdown] [--quick]

Two masks of headneck_observers/full on their whole grid of 512x512x156. Every tool runs in a process of its
own, is called once to warm up (a slow one is not) and gives the median of the repeats: wall time, CPU time of
all threads and child processes, and the most memory above the loaded masks. `CPU / ours` compares with the
compiled path, `CPU / floor` with reading both masks once. plastimatch reads its files, and its memory is all
it holds. Figures that a tool defines as ours are compared; where one differs, the exit code is 1.

On the first organ two more rows: a process that must compile every kernel, import included, and what a later
process loses before its second call (numpy imported already).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from measuring import Cost, in_own_process, repeated
from organs import Pair, options_of, pair_of, tiny_pair
from peers import DOUBLE, PEERS, Figures
from reporting import Row, exit_code, judged, row_of, show, with_ratios

BY_HAND = {"scipy trees, cropped": False, "scipy trees, cropped and tuned": True}
ALL_FIGURES = (
    "dice",
    "hd_mm",
    "hd95_mm",
    "hd95_pooled_mm",
    "hd95_slicerrt_mm",
    "msd_mm",
    "masd_mm",
    "surface_dice",
)
HAND_FIGURES = ("dice", "hd_mm", "hd95_mm", "hd95_pooled_mm", "msd_mm", "surface_dice")


def ours(pair: Pair, repeats: int) -> tuple[Cost, Figures]:
    """Every figure of `compare`."""
    from ContourQALib.case import Contour
    from ContourQALib.geometry import Grid
    from ContourQALib.metrics.compare import compare

    grid = Grid.for_shape(pair.reference.shape, pair.spacing[::-1])
    reference, test = Contour(pair.reference, grid, pair.organ), Contour(pair.test, grid, pair.organ)
    cost, found = repeated(lambda: compare(reference, test), repeats)
    return cost, {name: value for name, value in asdict(found).items() if isinstance(value, int | float)}


def floor(pair: Pair, repeats: int) -> Cost:
    """Reading both masks once, eight voxels at a time."""
    words = [m.reshape(-1)[: m.size // 8 * 8].view(np.uint64) for m in (pair.reference, pair.test)]
    return repeated(lambda: [np.bitwise_or.reduce(w) for w in words], repeats)[0]


def by_hand(pair: Pair, repeats: int, tuned: bool) -> tuple[Cost, Figures]:
    """The rival of `by_hand.py`."""
    from by_hand import pair_figures

    masks, spacing = (pair.reference, pair.test), np.array(pair.spacing)
    return repeated(lambda: pair_figures(*masks, spacing, tuned=tuned), repeats)


def of_peer(name: str, pair: Pair, repeats: int) -> tuple[Cost, Figures]:
    """Another tool's figures."""
    peer = PEERS[name]
    if not peer.reads_files:
        _ = pair.reference, pair.test, pair.spacing  # read before the clock starts
        peer.figures(tiny_pair())  # imports
    cost, found = repeated(lambda: peer.figures(pair), repeats)
    return (replace(cost, peak_mb=found["peak_mb"]) if peer.reads_files else cost), found


def start(pair: Pair) -> tuple[float, float]:
    """Seconds of import and first call, and of the second, in a process that has done nothing before."""
    masks = pair.reference, pair.test
    started = time.perf_counter()
    from ContourQALib.metrics.pair import measure

    measure(*masks, pair.spacing)
    between = time.perf_counter()
    measure(*masks, pair.spacing)
    return between - started, time.perf_counter() - between


def rows_of(pair: Pair, repeats: int, peers: list[str]) -> list[Row]:
    """Floor, ours on both paths, scipy by hand, and the peers."""
    lowest = in_own_process(floor, {}, pair, repeats)
    cost, figures = in_own_process(ours, {"CONTOURQA_NUMBA": "1"}, pair, repeats)
    own = {name: [value] for name, value in figures.items()}

    def measured(tool: str, cost: Cost, found: Figures, compared: Mapping[str, float], note: str = "") -> Row:
        theirs = {name: [value] for name, value in found.items()}
        return judged(row_of(pair.organ, tool, cost, note), own, theirs, compared)

    rows = [row_of(pair.organ, "floor", lowest, "both masks read once"), row_of(pair.organ, "ours", cost)]
    plain = in_own_process(ours, {"CONTOURQA_NUMBA": "0"}, pair, repeats)
    rows.append(measured("ours, numpy path", *plain, dict.fromkeys(ALL_FIGURES, DOUBLE)))
    for tool, tuned in BY_HAND.items():
        found = in_own_process(by_hand, {}, pair, repeats, tuned)
        rows.append(measured(tool, *found, dict.fromkeys(HAND_FIGURES, DOUBLE)))
    for name in peers:
        peer = PEERS[name]
        if not peer.installed:
            rows.append(Row(pair.organ, name, note="not installed"))
            continue
        note = "files read each time; memory of the whole program" if peer.reads_files else ""
        compared = peer.compared
        if figures["touches_edge"] and not peer.outside_is_background:
            compared, note = {}, "beyond the grid's edge it sees no background: not compared"
        try:
            found = in_own_process(of_peer, {}, name, pair, repeats)
        except Exception as error:  # whatever it is, the other tools are still measured
            rows.append(Row(pair.organ, name, error=f"{type(error).__name__}: {error}"))
            continue
        rows.append(measured(name, *found, compared, note))
    return with_ratios(rows, cost, lowest)


def start_rows(pair: Pair) -> list[Row]:
    """What the first call ever and the first of a later process cost, both into one empty kernel cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"CONTOURQA_NUMBA": "1", "NUMBA_CACHE_DIR": cache}
        first = in_own_process(start, environment, pair)
        later = in_own_process(start, environment, pair)
    return [
        Row(pair.organ, "ours, first call ever", first[0], note="wall time of import, compilation and call"),
        Row(
            pair.organ, "ours, later process", later[0] - later[1], note="import and first call - second call"
        ),
    ]


def main() -> int:
    options = options_of(__doc__, tuple(PEERS))
    rows = []
    for number, organ in enumerate(options.organs):
        pair = pair_of(organ, cropped=options.quick)
        rows += rows_of(pair, options.repeats, options.peers)
        if not (number or options.quick):
            rows += start_rows(pair)
    show(rows, options.format)
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
