"""Small cohorts of every kind for tests: results by closed form, and the contours behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.cohort.results import MEASURED, CohortResults, CohortRow
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import REASONS, Status
from ContourQALib.report.cohort_overlays import ShownCase

ORGANS = ("CTV", "Bladder", "Femoral_Head_L", "Rectum", "Small bowel")
GRID = Grid.for_shape((9, 40, 40), (2.0, 2.0, 4.0))


def cohort(
    datasets: Sequence[str] = ("ExVal", "GenEva"),
    organs: Sequence[str] = ORGANS,
    cases: int = 30,
    models: Sequence[str] = ("VPM", "LFT"),
    seed: int = 0,
) -> CohortResults:
    """Plausible figures: every later model is better in Dice, distance and volume, and less sensitive."""
    rng = np.random.default_rng(seed)
    rows = tuple(
        CohortRow(dataset, f"{dataset or 'case'}_{n:02d}", f"{dataset}_{n:02d}", organ)
        for dataset in datasets
        for n in range(1, cases + 1)
        for organ in organs
    )
    shape = (len(rows), len(models))
    skill = np.arange(len(models))
    organ = np.array([organs.index(row.structure) for row in rows])[:, None]
    gain = 0.05 * skill * (organ < 3) - 0.03 * skill * (organ == 3)
    case = rng.normal(0, 0.02, (len(rows), 1))
    dice = np.clip(0.84 + gain + case + rng.normal(0, 0.012, shape), 0, 1)
    reference = 60.0 * (organ[:, 0] + 1) * (1 + rng.normal(0, 0.15, len(rows)))
    error = 18.0 - 16.0 * skill + rng.normal(0, 6, shape)
    distance = 40 * (1 - dice) + rng.normal(0, 0.4, shape) ** 2
    values = {
        "dice": dice,
        "hd95_pooled_mm": distance,
        "hd95_slicerrt_mm": 0.9 * distance,
        "hd95_mm": 1.1 * distance,
        "sensitivity": np.clip(dice + 0.02 + rng.normal(0, 0.01, shape), 0, 1),
        "specificity": 1 - 1e-3 * (1 - dice) * (1 + rng.random(shape)),
        "volume_cc": reference[:, None] * (1 + error / 100),
        "volume_error_percent": error,
        "precision": np.clip(dice - 0.02, 0, 1),
        "hd_mm": 2 * distance,
        "msd_mm": 0.3 * distance,
        "masd_mm": 0.31 * distance,
        "surface_dice": np.clip(dice - 0.1, 0, 1),
    }
    statuses = tuple((Status.OK,) * len(models) for _ in rows)
    return CohortResults(tuple(models), rows, values, reference, statuses, {}, 2.0)


def spoiled(results: CohortResults, row: int, model: int, status: Status) -> CohortResults:
    """The same with one contour missed by the model, or not there or not readable at all."""
    values = {name: found.copy() for name, found in results.values.items()}
    for name in MEASURED:
        values[name][row, model] = np.nan
    if status is Status.TEST_EMPTY:
        for name in MEASURED:
            values[name][row, model] = np.inf if name.endswith("_mm") else 0.0
        values["specificity"][row, model] = 1.0
        values["precision"][row, model] = np.nan
        values["volume_error_percent"][row, model] = -100.0
    statuses = [list(found) for found in results.statuses]
    statuses[row][model] = status
    reason = REASONS.get(status, "the manifest names no contours of this model")
    return CohortResults(
        results.models,
        results.rows,
        values,
        results.volume_reference_cc,
        tuple(map(tuple, statuses)),
        {**results.reasons, (row, model): reason},
        results.tolerance_mm,
    )


def shown_case(results: CohortResults, row: int, image: bool = True) -> ShownCase:
    """Balls of a size by the row, the models' beside the reference's."""

    def ball(shift: float, radius: float, name: str) -> Contour:
        index = np.indices(GRID.shape)
        offsets = [
            (i - (n - 1) / 2 - (shift if axis == 2 else 0)) * s
            for axis, (i, n, s) in enumerate(zip(index, GRID.shape, GRID.spacing_kji, strict=True))
        ]
        return Contour(np.sum(np.square(offsets), axis=0) <= radius**2, GRID, name)

    radius = 12.0 + row % 5
    reference = ball(0, radius, results.rows[row].structure)
    noise = np.random.default_rng(row).normal(0, 20, GRID.shape)
    background = Image((noise + 60.0 * reference.mask).astype(np.int16), GRID, "CT") if image else None
    tests = {
        model: ball(3.0 - 2 * n, radius + 2 - n, model)
        for n, model in enumerate(results.models)
        if np.isfinite(results.values["dice"][row, n])
    }
    return ShownCase(background, reference, tests)
