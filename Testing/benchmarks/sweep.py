"""Dice, HD, HD95 and MSD at 100 thresholds of a probability map: what ours and loops over other tools take.

    python Testing/benchmarks/sweep.py [--organs Brain Parotid-Lt Lens-Lt] [--repeats 3] [--peers ...]
                                       [--format table|json|markdown] [--quick]

The reference is the oncologist's contour of headneck_observers/full on its whole grid; the map is made in the
run from the radiographer's: sigmoid(signed distance / 2 mm + 0.5 x smoothed noise), 0 beyond 40 mm.
Thresholds are 0.01 to 1. Every tool runs in a process of its own and gives the median of the repeats: wall
time, CPU time of all threads and child processes, and the most memory above the loaded map and reference.
`CPU / ours` compares with the compiled path, `CPU / floor` with reading map and reference once.

A loop over another tool measures one mask after the other; cutting the masks, and writing them for
plastimatch, is not counted, and an empty mask costs nothing. A loop that would take more than a minute is
timed at five thresholds spread over the range and scaled. Figures that a tool defines as ours are compared at
each timed threshold; where one differs, the exit code is 1.

Further rows: 254 thresholds at once, one answer of `ThresholdSweep.at`, and on the first organ a process that
must compile every kernel, import included, and what a later process loses before its second call (numpy
imported already).
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import ENOUGH_S, Cost, in_own_process, memory_mb, repeated, timed
from organs import Pair, map_of, options_of, pair_of, tiny_pair
from peers import DOUBLE, PEERS
from reporting import Row, exit_code, judged, row_of, show, with_ratios

FEW = 5
"""Thresholds that a slow loop is timed at."""

MOST_S = 60.0
"""A loop that would take longer is scaled from `FEW` thresholds."""

MOST_LEVELS = 254

LOOPS_BY_HAND = {"scipy tree loop, cropped": False, "scipy tree loop, cropped and tuned": True}
HAND_FIGURES = ("dice", "hd_mm", "hd95_mm", "hd95_pooled_mm", "msd_mm", "surface_dice")

NOT_LOOPED = ("MedPy",)
"""Two minutes a mask, and no figure of an empty one."""

NOTHING = Cost(0.0, 0.0, 0.0, 1)

Curves = Mapping[str, list[Any]]
"""Figures at the timed thresholds; None where a tool's definition is not ours."""

Step = Callable[[float], tuple[Cost, Mapping[str, float | None]]]


def hundred(count: int = 100) -> np.ndarray:
    """Thresholds above 0 up to 1 in equal steps."""
    return np.arange(1, count + 1) / count


def make_map(pair: Pair, path: Path) -> None:
    """Write the map of `organs.map_of` where the processes that need it read it."""
    np.save(path, map_of(pair))


def ours(
    pair: Pair, path: Path, thresholds: np.ndarray, repeats: int, warm_up: bool
) -> tuple[Cost, Curves, float]:
    """Every figure of `sweep`, and seconds of one `at`."""
    from ContourQALib.case import Contour, ProbabilityMap
    from ContourQALib.geometry import Grid
    from ContourQALib.thresholds.sweep import sweep

    grid = Grid.for_shape(pair.reference.shape, pair.spacing[::-1])
    values, reference = (
        ProbabilityMap(np.load(path), grid, pair.organ),
        Contour(pair.reference, grid, pair.organ),
    )
    cost, found = repeated(lambda: sweep(values, reference, thresholds), repeats, warm_up=warm_up)
    curves = {f.name: getattr(found, f.name) for f in fields(found)}
    asked = np.random.default_rng(0).random(2000).tolist()
    at, _ = repeated(lambda: [found.at(t) for t in asked], repeats)
    return (
        cost,
        {name: curve.tolist() for name, curve in curves.items() if isinstance(curve, np.ndarray)},
        at.wall_s / len(asked),
    )


def floor(pair: Pair, path: Path, repeats: int) -> Cost:
    """Reading map and reference once, eight bytes at a time."""
    arrays = np.load(path).reshape(-1).view(np.uint8), pair.reference.reshape(-1).view(np.uint8)
    words = [a[: a.size // 8 * 8].view(np.uint64) for a in arrays]
    return repeated(lambda: [np.bitwise_or.reduce(w) for w in words], repeats)[0]


def loop_by_hand(
    pair: Pair, path: Path, thresholds: np.ndarray, repeats: int, tuned: bool
) -> tuple[Cost, Curves, list[int]]:
    """The loop of `by_hand.py`; its preparation counts once."""
    from by_hand import sweep_step

    arrays, spacing = (np.load(path), pair.reference), np.array(pair.spacing)
    held_mb = memory_mb()

    def prepared() -> tuple[Cost, Step]:
        cost, step = timed(lambda: sweep_step(*arrays, spacing, thresholds[0], tuned=tuned), held_mb)
        return cost, lambda threshold: timed(lambda: step(threshold), held_mb)

    return looped(prepared, HAND_FIGURES, thresholds, repeats)


def loop_of_peer(
    name: str, pair: Pair, path: Path, thresholds: np.ndarray, repeats: int
) -> tuple[Cost, Curves, list[int]]:
    """One mask after the other through another tool."""
    from ContourQALib.metrics.surface import touches_edge

    peer, values = PEERS[name], np.load(path)
    if not peer.reads_files:
        peer.figures(tiny_pair())  # imports

    def step(threshold: float) -> tuple[Cost, Mapping[str, float | None]]:
        mask = values >= np.float32(threshold)
        if not mask.any():
            return NOTHING, dict.fromkeys(peer.compared, math.inf) | {"dice": 0.0}
        cut = pair.with_test(mask)
        with tempfile.TemporaryDirectory() as folder:
            given = cut.written(Path(folder)) if peer.reads_files else cut
            cost, figures = timed(lambda: peer.figures(given))
        if peer.reads_files:
            cost = replace(cost, peak_mb=figures["peak_mb"])
        if not peer.outside_is_background and touches_edge(mask | pair.reference):
            return cost, dict.fromkeys(peer.compared)
        return cost, figures

    return looped(lambda: (NOTHING, step), peer.compared, thresholds, repeats)


def looped(
    prepared: Callable[[], tuple[Cost, Step]],
    names: Iterable[str],
    thresholds: np.ndarray,
    repeats: int,
) -> tuple[Cost, Curves, list[int]]:
    """Cost of preparing and of a step a threshold, the figures `names`, and which thresholds were timed."""
    few = [round((n + 0.5) * len(thresholds) / FEW - 0.5) for n in range(FEW)]

    def once(indices: Sequence[int]) -> tuple[Cost, Curves]:
        fixed, step = prepared()
        done = [step(float(thresholds[n])) for n in indices]
        share = len(thresholds) / len(indices)
        return Cost(
            fixed.wall_s + share * sum(c.wall_s for c, _ in done),
            fixed.cpu_s + share * sum(c.cpu_s for c, _ in done),
            max(fixed.peak_mb, *(c.peak_mb for c, _ in done)),
            1,
        ), {name: [figures[name] for _, figures in done] for name in names}

    cost, curves = once(few)
    if cost.wall_s > MOST_S:
        return cost, curves, few
    costs: list[Cost] = []
    while not costs or (len(costs) < repeats and sum(c.wall_s for c in costs) < ENOUGH_S):
        cost, curves = once(range(len(thresholds)))
        costs.append(cost)
    return Cost.of(costs), curves, list(range(len(thresholds)))


def start(pair: Pair, path: Path) -> tuple[float, float]:
    """Seconds of import and first call, and of the second, in a process that has done nothing before."""
    values, reference, spacing = np.load(path), pair.reference, pair.spacing
    started = time.perf_counter()
    from ContourQALib.thresholds.sweep import sweep_arrays

    sweep_arrays(values, reference, spacing, hundred())
    between = time.perf_counter()
    sweep_arrays(values, reference, spacing, hundred())
    return between - started, time.perf_counter() - between


def rows_of(pair: Pair, path: Path, thresholds: np.ndarray, repeats: int, peers: list[str]) -> list[Row]:
    """Floor, ours on both paths, `at`, scipy by hand, and loops over the peers."""
    lowest = in_own_process(floor, {}, pair, path, repeats)
    compiled = {"CONTOURQA_NUMBA": "1"}
    cost, own, at_s = in_own_process(ours, compiled, pair, path, thresholds, repeats, True)

    def measured(
        tool: str,
        cost: Cost,
        curves: Curves,
        timed_at: list[int],
        compared: Mapping[str, float],
        note: str = "",
    ) -> Row:
        there = {name: [own[name][n] for n in timed_at] for name in compared}
        row = judged(row_of(pair.organ, tool, cost, note), there, curves, compared)
        return replace(row, extrapolated_from=len(timed_at) if len(timed_at) < len(thresholds) else None)

    most = in_own_process(ours, compiled, pair, path, hundred(MOST_LEVELS), repeats, True)[0]
    numpy_path = in_own_process(ours, {"CONTOURQA_NUMBA": "0"}, pair, path, thresholds, 1, False)
    every = list(range(len(thresholds)))
    same = {name: DOUBLE for name in own if name != "thresholds"}
    rows = [
        row_of(pair.organ, "floor", lowest, "map and reference read once"),
        row_of(pair.organ, "ours", cost),
        row_of(pair.organ, f"ours, {MOST_LEVELS} thresholds", most),
        Row(pair.organ, "ours, at(t)", at_s, note=f"{1e6 * at_s:.1f} µs an answer"),
        measured("ours, numpy path", numpy_path[0], numpy_path[1], every, same),
    ]
    for tool, tuned in LOOPS_BY_HAND.items():
        found = in_own_process(loop_by_hand, {}, pair, path, thresholds, repeats, tuned)
        rows.append(measured(tool, *found, dict.fromkeys(HAND_FIGURES, DOUBLE)))
    for name in peers:
        peer, tool = PEERS[name], f"{name} loop"
        if not peer.installed:
            rows.append(Row(pair.organ, tool, note="not installed"))
            continue
        note = "files read each time; memory of the whole program" if peer.reads_files else ""
        try:
            found = in_own_process(loop_of_peer, {}, name, pair, path, thresholds, repeats)
        except Exception as error:  # whatever it is, the other tools are still measured
            rows.append(Row(pair.organ, tool, error=f"{type(error).__name__}: {error}"))
            continue
        rows.append(measured(tool, *found, peer.compared, note))
    return with_ratios(rows, cost, lowest)


def start_rows(pair: Pair, path: Path) -> list[Row]:
    """What the first call ever and the first of a later process cost, both into one empty kernel cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"CONTOURQA_NUMBA": "1", "NUMBA_CACHE_DIR": cache}
        first = in_own_process(start, environment, pair, path)
        later = in_own_process(start, environment, pair, path)
    return [
        Row(pair.organ, "ours, first call ever", first[0], note="wall time of import, compilation and call"),
        Row(
            pair.organ, "ours, later process", later[0] - later[1], note="import and first call - second call"
        ),
    ]


def main() -> int:
    options = options_of(__doc__, tuple(name for name in PEERS if name not in NOT_LOOPED))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, organ in enumerate(options.organs):
            pair, path = pair_of(organ, cropped=options.quick), Path(folder) / "map.npy"
            in_own_process(make_map, {}, pair, path)
            thresholds = hundred(10) if options.quick else hundred()
            rows += rows_of(pair, path, thresholds, options.repeats, options.peers)
            if not (number or options.quick):
                rows += start_rows(pair, path)
    show(rows, options.format)
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
