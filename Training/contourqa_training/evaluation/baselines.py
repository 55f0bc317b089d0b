"""Baselines: the predictors of EVALUATION.md that need fitting, and their two files in a bundle."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.evaluation.trees import BoostedTrees
from contourqa_training.evaluation.variables import (
    VARIABLES,
    StandardImage,
    case_variables,
    standard_contour,
)
from ContourQALib.errors import ModelError
from ContourQALib.formats.output import write_atomically
from ContourQALib.geometry import Vector
from ContourQALib.names import normalize
from ContourQALib.quality.intervals import FIGURES
from ContourQALib.quality.rules import RuleSettings, check_mask

BASELINES_FILE, TREES_FILE = "baselines.json", "baseline_trees.json"

MEDIAN, VOLUME, RULE, TREES = "training median", "log-volume regression", "mask-only rule", "boosted trees"
FITTED = (MEDIAN, VOLUME, RULE, TREES)
"""Names of the fitted baselines, as tables show them."""

FEWEST_FOR_A_CURVE = 8
"""Contours below which a quadratic in volume or trees would follow noise: the median stands for them."""


@dataclass(frozen=True, eq=False)
class BaselineRow:
    """A training contour.

    Attributes:
        structure, stratum, patient: what it is of.
        image: intensities (K, J, I) with axes to superior, posterior and left.
        mask: bool (K, J, I).
        spacing_kji: mm.
        true: true figures by name of `FIGURES`; nan or infinite where undefined.
    """

    structure: str
    stratum: str
    patient: str
    image: np.ndarray
    mask: np.ndarray
    spacing_kji: Vector
    true: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class FittingRow:
    """What fitting needs of a contour: its case variables, whether it passes the rules, and its figures."""

    structure: str
    stratum: str
    patient: str
    variables: np.ndarray
    passes: bool
    true: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class FigureBaseline:
    """Every baseline of one figure in one stratum.

    Attributes:
        medians: median of the figure, by structure.
        passing, failing: what the mask-only rule says of contours that pass it and that fail, by structure.
        volume: coefficients of the figure as a quadratic in log volume, by structure.
        trees: on the case variables and one further variable a structure.
    """

    medians: Mapping[str, float]
    passing: Mapping[str, float]
    failing: Mapping[str, float]
    volume: Mapping[str, tuple[float, ...]]
    trees: BoostedTrees

    def predict(self, structure: str, rows: Sequence[Any], figure: str) -> dict[str, np.ndarray]:
        """Predictions (n,) of every baseline for contours of one structure, kept to what is possible.

        Args:
            structure: in the spelling of the fit.
            rows: with `variables` and `passes`.
            figure: which it is.
        """
        x = np.stack([row.variables for row in rows])
        top = 1.0 if figure == "dice" else math.inf
        passes = np.array([row.passes for row in rows])
        return {
            MEDIAN: np.full(len(rows), self.medians[structure]),
            VOLUME: np.clip(np.polyval(self.volume[structure], x[:, 0]), 0, top),
            RULE: np.where(passes, self.passing[structure], self.failing[structure]),
            TREES: np.clip(self.trees.predict(_with_structure(x, structure, tuple(self.medians))), 0, top),
        }


@dataclass(frozen=True, eq=False)
class Baselines:
    """Baselines by stratum and figure; `volumes_cc` holds the median volume of each structure's contours."""

    strata: Mapping[str, Mapping[str, FigureBaseline]]
    volumes_cc: Mapping[str, float]

    def of(self, stratum: str, structure: str) -> tuple[Mapping[str, FigureBaseline], str] | None:
        """The baselines of a stratum, and the structure as they spell it; None where nothing was fitted.

        Natural contours of another site (X) are judged by what training's natural ones (N) taught.
        """
        fitted = self.strata.get(stratum) or (self.strata.get("N") if stratum == "X" else None)
        if fitted is None:
            return None
        names = {normalize(name): name for name in fitted["dice"].medians}
        name = names.get(normalize(structure))
        return None if name is None else (fitted, name)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write baselines.json and baseline_trees.json; the card lists them only when it is updated.

        Raises:
            OutputError: the folder cannot be written.
        """
        facts: dict[str, Any] = {"variables": list(VARIABLES), "volumes_cc": dict(self.volumes_cc)}
        facts["strata"] = {
            stratum: {figure: _facts(baseline) for figure, baseline in figures.items()}
            for stratum, figures in self.strata.items()
        }
        trees = {
            stratum: {figure: baseline.trees.record() for figure, baseline in figures.items()}
            for stratum, figures in self.strata.items()
        }
        for name, value in ((BASELINES_FILE, facts), (TREES_FILE, trees)):
            with write_atomically(folder / name) as path:
                path.write_text(json.dumps(value, allow_nan=False) + "\n", encoding="utf-8")
        return folder / BASELINES_FILE, folder / TREES_FILE

    @classmethod
    def read(cls, folder: Path) -> Baselines:
        """Read what `write` wrote.

        Raises:
            ModelError: a file is missing or damaged, or was written for other case variables.
        """
        try:
            facts = json.loads((folder / BASELINES_FILE).read_text(encoding="utf-8"))
            trees = json.loads((folder / TREES_FILE).read_text(encoding="utf-8"))
            if facts["variables"] != list(VARIABLES):
                raise ModelError(f"The baselines in {folder} use other case variables; fit them again.")
            strata = {
                stratum: {
                    figure: FigureBaseline(
                        medians=entry["medians"],
                        passing=entry["passing"],
                        failing=entry["failing"],
                        volume={name: tuple(values) for name, values in entry["volume"].items()},
                        trees=BoostedTrees.from_record(trees[stratum][figure]),
                    )
                    for figure, entry in figures.items()
                }
                for stratum, figures in facts["strata"].items()
            }
            return cls(strata, facts["volumes_cc"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"The baselines in {folder} are damaged; install the model again.") from error


def fit_baselines(rows: Iterable[BaselineRow], rules: Mapping[str, RuleSettings]) -> Baselines:
    """Fit every baseline to contours of training patients; images are used one row at a time.

    Args:
        rows: the contours; rows of one image best come together and share its array.
        rules: settings of the mask-only rules by structure; the defaults where there are none.
    """
    return fit(fitting_rows(rows, rules))


def fitting_rows(rows: Iterable[BaselineRow], rules: Mapping[str, RuleSettings]) -> list[FittingRow]:
    """The case variables and rules of training contours."""
    made = []
    image: StandardImage | None = None
    for row in rows:
        if image is None or image.values is not row.image:
            image = StandardImage(row.image, row.spacing_kji)
        contour = standard_contour(row.mask, row.spacing_kji, row.structure)
        passes = not any(f.failed for f in check_mask(contour, rules.get(row.structure, RuleSettings())))
        variables = case_variables(image, row.mask)
        made.append(FittingRow(row.structure, row.stratum, row.patient, variables, passes, row.true))
    return made


def fit(rows: Sequence[Any], strata: Sequence[str] | None = None, *, trees: bool = True) -> Baselines:
    """Fit to contours whose case variables are known.

    Args:
        rows: `FittingRow`s, or whatever has their attributes.
        strata: only these; all by default.
        trees: whether to fit trees, which takes most of the time; without them their median stands for them.
    """
    wanted = list(dict.fromkeys(row.stratum for row in rows)) if strata is None else list(strata)
    fitted: dict[str, dict[str, FigureBaseline]] = {}
    for stratum in wanted:
        members = [row for row in rows if row.stratum == stratum]
        figures: dict[str, FigureBaseline] = {}
        for figure in FIGURES:
            baseline = _fit_figure([r for r in members if math.isfinite(r.true[figure])], figure, trees)
            if baseline is not None:
                figures[figure] = baseline
        if "dice" in figures:
            fitted[stratum] = figures
    volumes = {
        name: round(math.exp(float(np.median([r.variables[0] for r in rows if r.structure == name]))), 4)
        for name in dict.fromkeys(row.structure for row in rows)
    }
    return Baselines(fitted, volumes)


def _fit_figure(rows: Sequence[Any], figure: str, with_trees: bool) -> FigureBaseline | None:
    if not rows:
        return None
    names = tuple(dict.fromkeys(row.structure for row in rows))
    medians, passing, failing, volume = {}, {}, {}, {}
    for name in names:
        members = [row for row in rows if row.structure == name]
        y = np.array([row.true[figure] for row in members])
        good = np.array([row.passes for row in members])
        medians[name] = float(np.median(y))
        passing[name] = float(np.median(y[good])) if good.any() else medians[name]
        # A contour that fails the rules is taken to be worthless; for a distance there is no such number.
        worst = float(np.median(y[~good])) if not good.all() else float(y.max())
        failing[name] = 0.0 if figure == "dice" else worst
        x = np.array([row.variables[0] for row in members])
        enough = len(members) >= FEWEST_FOR_A_CURVE and len(np.unique(x)) > 2
        volume[name] = tuple(map(float, np.polyfit(x, y, 2))) if enough else (medians[name],)
    y = np.array([row.true[figure] for row in rows])
    x = np.concatenate([_with_structure(row.variables[None], row.structure, names) for row in rows])
    enough = with_trees and len(rows) >= FEWEST_FOR_A_CURVE
    trees = BoostedTrees.fit(x, y) if enough else BoostedTrees.constant(float(np.median(y)))
    return FigureBaseline(medians, passing, failing, volume, trees)


def _with_structure(x: np.ndarray, structure: str, names: Sequence[str]) -> np.ndarray:
    """Case variables with one further variable a structure: 1 for this one."""
    if len(names) < 2:
        return x
    return np.hstack([x, np.tile([float(name == structure) for name in names], (len(x), 1))])


def _facts(baseline: FigureBaseline) -> dict[str, Any]:
    return {
        "medians": dict(baseline.medians),
        "passing": dict(baseline.passing),
        "failing": dict(baseline.failing),
        "volume": {name: list(values) for name, values in baseline.volume.items()},
    }
