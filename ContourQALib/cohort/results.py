"""CohortResults: what was measured of many cases, kept in arrays so that thousands of rows stay small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ContourQALib.errors import SettingError
from ContourQALib.metrics.definitions import Status

FIGURES = (
    "dice",
    "hd95_pooled_mm",
    "hd95_slicerrt_mm",
    "hd95_mm",
    "sensitivity",
    "specificity",
    "volume_cc",
    "volume_error_percent",
)
"""Figures in which models are compared; `volume_cc` is that of the model's contour."""

FURTHER = ("precision", "hd_mm", "msd_mm", "masd_mm", "surface_dice")
"""Figures that are summarized and not tested."""

MEASURED = FIGURES + FURTHER
"""Every figure that is kept, named as in `Comparison` (there `volume_cc` is `volume_test_cc`)."""

PLACED = ("touches_edge", "resampled", "lost_cc")
"""How a model's contour lies on the reference's grid, named as in `Comparison`; 1 for yes, 0 for no."""


@dataclass(frozen=True, slots=True)
class CohortRow:
    """One structure of one case.

    Attributes:
        dataset: "" where the manifest names none.
        case: name of the case.
        patient: whose case it is.
        structure: as the manifest spells it in this row.
    """

    dataset: str
    case: str
    patient: str
    structure: str


@dataclass(frozen=True)
class UndefinedCase:
    """A row of which at least one figure of one model is undefined.

    Attributes:
        row: number of the row, from 0.
        model: the model's name.
        status: `ok` where only some figure is undefined.
        reason: why.
    """

    row: int
    model: str
    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class CohortResults:
    """Every figure of every model in every row.

    Attributes:
        models: columns, in their order.
        rows: in the manifest's order.
        values: (rows, models) float64 by figure of `MEASURED`; nan undefined, +inf a distance to nothing.
        volume_reference_cc: (rows,); nan where the reference could not be read.
        statuses: of every row, one a model. `unmatched`: the manifest names no contours of the model, or they
            lack the structure; `failed`: they or the reference could not be read or compared.
        reasons: why something is undefined, by (row, model) number; only where something is.
        tolerance_mm: tolerance of surface Dice.
        placed: (rows, models) float64 by name of `PLACED`, nan where nothing was compared; empty where nobody
            asked.
        rasterized: by which rule polygons became voxels, by (row, place): 0 is the reference, 1 the first
            model; only where they were polygons.
    """

    models: tuple[str, ...]
    rows: tuple[CohortRow, ...]
    values: Mapping[str, np.ndarray]
    volume_reference_cc: np.ndarray
    statuses: tuple[tuple[Status, ...], ...]
    reasons: Mapping[tuple[int, int], str]
    tolerance_mm: float
    placed: Mapping[str, np.ndarray] = field(default_factory=dict)
    rasterized: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.rows), len(self.models))
        if set(self.values) != set(MEASURED) or any(found.shape != shape for found in self.values.values()):
            raise SettingError(f"Every figure is needed for {shape[0]} rows x {shape[1]} models.")

    def of_models(self, models: Sequence[str]) -> CohortResults:
        """The same rows with some of the models alone, in the order asked for.

        Raises:
            SettingError: there is no such model.
        """
        missing = [name for name in models if name not in self.models]
        if missing:
            raise SettingError(f"There is no model {', '.join(missing)}; there are {', '.join(self.models)}.")
        columns = [self.models.index(name) for name in models]
        return replace(
            self,
            models=tuple(models),
            values={figure: found[:, columns] for figure, found in self.values.items()},
            statuses=tuple(tuple(row[column] for column in columns) for row in self.statuses),
            reasons={
                (row, columns.index(column)): reason
                for (row, column), reason in self.reasons.items()
                if column in columns
            },
            placed={name: found[:, columns] for name, found in self.placed.items()},
            rasterized={
                (row, columns.index(place - 1) + 1 if place else 0): how
                for (row, place), how in self.rasterized.items()
                if place == 0 or place - 1 in columns
            },
        )

    def undefined(self) -> Iterator[UndefinedCase]:
        """Everything that is undefined, row by row and model by model."""
        for row, statuses in enumerate(self.statuses):
            for model, status in enumerate(statuses):
                reason = self.reasons.get((row, model))
                if reason is not None or status is not Status.OK:
                    yield UndefinedCase(row, self.models[model], status, reason or status.value)
