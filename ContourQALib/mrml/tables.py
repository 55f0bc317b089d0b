"""Tables: assessments, comparisons, slices and sweeps as typed columns of a table node.

Columns carry the names of our JSON and CSV, a title, a unit and a sentence that says what they hold. An
undefined number is nan; the column `reason` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.metrics.definitions import DEFINITIONS, Status
from ContourQALib.mrml.table_columns import TableColumn, fill
from ContourQALib.report.wording import (
    assessment_notes,
    comparison_notes,
    further_figures,
    interval_header,
    slices_text,
)
from ContourQALib.thresholds.sensitivity import same_threshold

if TYPE_CHECKING:
    from slicer import vtkMRMLTableNode

    from ContourQALib.metrics.compare import Comparison
    from ContourQALib.metrics.pairing import Unmatched
    from ContourQALib.quality.assessment import Assessment, StructureAssessment
    from ContourQALib.worker_requests import Swept

LISTED_SLICES = 10
"""Slices named in a cell: all that an error map lists."""

RISK = {"reject": 0, "review": 1, "accept": 2}
"""Rows of an assessment: what to do something about comes first."""

NO_PARTNER = "no partner of this name"
NOT_PREDICTED = "no model predicts figures of this contour"
NOTHING_SELECTED = "no voxel reaches this threshold: Dice is 0 and distances are undefined"
NO_REFERENCE = "no reference: only volume and expected Dice are known"

COMPARISON_FIGURES = (
    ("dice", "Dice", "", "dice"),
    ("hd_mm", "HD", "mm", "hd_mm"),
    ("hd95_mm", "HD95", "mm", "hd95_mm"),
    ("msd_mm", "MSD", "mm", "msd_mm"),
    ("surface_dice", "Surface Dice", "", "surface_dice"),
    ("volume_reference_cc", "Reference volume", "cc", ""),
    ("volume_test_cc", "Test volume", "cc", ""),
    ("volume_error_percent", "Volume error", "%", "volume_error_percent"),
    ("sensitivity", "Sensitivity", "", "sensitivity"),
    ("specificity", "Specificity", "", "specificity"),
    ("precision", "Precision", "", "precision"),
    ("hd95_pooled_mm", "HD95 pooled", "mm", "hd95_pooled_mm"),
    ("hd95_slicerrt_mm", "HD95 SlicerRT", "mm", "hd95_slicerrt_mm"),
    ("masd_mm", "Mean of mean distances", "mm", "masd_mm"),
    ("tolerance_mm", "Tolerance", "mm", ""),
)
"""Figures of a comparison: field, title, unit and the key of the definition; "" where none is needed."""


def fill_assessment(
    node: vtkMRMLTableNode, assessment: Assessment, truths: Mapping[str, float] | None = None
) -> None:
    """One row a contour, rejected ones first and within a verdict the lowest predicted Dice.

    Args:
        node: filled anew.
        assessment: what was predicted.
        truths: true Dice by structure, where a reference is known: shown beside the predicted one.
    """
    structures = sorted(assessment.structures, key=_risk)
    interval = interval_header(structures) or "interval"

    def text(name: str, title: str, get: Callable[[StructureAssessment], Any], tip: str = "") -> TableColumn:
        return TableColumn(name, title, [get(s) for s in structures], "text", description=tip)

    def bounds(figure: str, title: str, unit: str) -> tuple[TableColumn, ...]:
        stem, _, suffix = figure.partition("_")
        suffix = f"_{suffix}" if suffix else ""
        pairs = [getattr(s, f"{stem}_interval{suffix}") or (None, None) for s in structures]
        value = [getattr(s, figure) for s in structures]
        return (
            TableColumn(figure, title, value, unit=unit, description=f"Predicted {DEFINITIONS[figure]}"),
            *(
                TableColumn(
                    f"{stem}_{end}{suffix}",
                    f"{title.removeprefix('Predicted ')} {end}",
                    [pair[side] for pair in pairs],
                    unit=unit,
                    description=f"{word} bound of the {interval}",
                )
                for side, (end, word) in enumerate((("from", "Lower"), ("to", "Upper")))
            ),
        )

    columns = [
        text("structure", "Structure", lambda s: s.structure),
        text("verdict", "Verdict", lambda s: s.verdict.value, "What to do with the contour"),
        *bounds("dice", "Predicted Dice", ""),
        *bounds("hd95_mm", "HD95", "mm"),
        *bounds("msd_mm", "MSD", "mm"),
    ]
    if truths is not None:
        columns.insert(
            3,
            TableColumn(
                "true_dice",
                "True Dice",
                [truths.get(s.structure) for s in structures],
                description="Dice with the reference",
            ),
        )
    columns += [
        TableColumn(field, f"Dice by {name}", [getattr(s, field) for s in structures])
        for name, field in further_figures(structures).items()
    ]
    columns += [
        TableColumn(
            "volume_cc",
            "Volume",
            [s.volume_cc for s in structures],
            unit="cc",
            description="On the image's grid",
        ),
        text(
            "slices",
            "Look at slices",
            lambda s: slices_text(s, LISTED_SLICES) if s.slices else "",
            "Zero-based K of the slices that are probably wrong, the worst first",
        ),
        text("reasons", "Reasons", lambda s: " ".join(s.reasons), "Why this verdict, the gravest first"),
        text(
            "novelty", "Like the training data", _inside, "Whether the model has learned from cases like this"
        ),
        text("model", "Model", lambda s: s.model or "rules alone"),
        text("status", "Status", lambda s: s.status.value),
        text("reason", "Undefined because", _why_blank, "Why figures of this row are blank"),
        text("notes", "Notes", lambda s: "; ".join(assessment_notes(s)), "How the contour lies on the image"),
    ]
    fill(node, columns)


def fill_comparison(
    node: vtkMRMLTableNode,
    comparisons: Sequence[Comparison],
    unmatched: Sequence[Unmatched] = (),
    predicted: Mapping[tuple[str, str], float] | None = None,
) -> None:
    """One row a pair, sorted by structure and test, then a row for each structure without a partner.

    Args:
        node: filled anew.
        comparisons: every pair.
        unmatched: structures without a partner; their figures are undefined.
        predicted: predicted Dice by (structure, test), where a model has assessed the test contour: shown
            beside the true one.
    """
    pairs = sorted(comparisons, key=lambda c: (c.structure.casefold(), c.reference, c.test))
    lone = sorted(unmatched, key=lambda u: (u.structure.casefold(), u.source))

    def text(
        name: str, title: str, pair: Callable[..., str], single: Callable[..., str], tip: str = ""
    ) -> TableColumn:
        return TableColumn(name, title, [*map(pair, pairs), *map(single, lone)], "text", description=tip)

    blank = [None] * len(lone)
    figures = [
        TableColumn(
            field, title, [*(getattr(c, field) for c in pairs), *blank], unit=unit, description=_says(key)
        )
        for field, title, unit, key in COMPARISON_FIGURES
    ]
    if predicted is not None:
        known = [predicted.get((c.structure, c.test)) for c in pairs]
        differ = [None if p is None else p - c.dice for p, c in zip(known, pairs, strict=True)]
        figures[1:1] = [
            TableColumn(
                "predicted_dice",
                "Predicted Dice",
                [*known, *blank],
                description="Predicted Dice, without the reference",
            ),
            TableColumn(
                "prediction_error",
                "Predicted minus true",
                [*differ, *blank],
                description="Predicted Dice minus the true one; positive is too optimistic",
            ),
        ]
    fill(
        node,
        [
            text("structure", "Structure", lambda c: c.structure, lambda u: u.structure),
            text("reference", "Reference", lambda c: c.reference, lambda u: _source(u, "reference")),
            text("test", "Test", lambda c: c.test, lambda u: _source(u, "test")),
            *figures,
            text(
                "touches_edge",
                "On the edge",
                lambda c: _yes(c.touches_edge),
                lambda u: "",
                _says("touches_edge"),
            ),
            text("resampled", "Resampled", lambda c: _yes(c.resampled), lambda u: "", _says("resampled")),
            text("status", "Status", lambda c: c.status.value, lambda u: Status.UNMATCHED.value),
            text(
                "reason",
                "Undefined because",
                lambda c: c.undefined_reason or "",
                lambda u: f"{NO_PARTNER} in {', '.join(u.missing_in)}" if u.missing_in else NO_PARTNER,
                "Why figures of this row are blank",
            ),
            text(
                "notes",
                "Notes",
                lambda c: "; ".join(comparison_notes(c)),
                lambda u: "",
                "What to know of the figures",
            ),
        ],
    )


def fill_slices(node: vtkMRMLTableNode, comparison: Comparison) -> None:
    """One row a slice of a pair that was compared slice by slice, from the lowest K up."""
    rows = sorted(comparison.slices or (), key=lambda s: s.index)

    def number(field: str, title: str, unit: str = "", tip: str = "") -> TableColumn:
        return TableColumn(field, title, [getattr(s, field) for s in rows], unit=unit, description=tip)

    in_plane = "In the slice's plane: {}"
    fill(
        node,
        [
            TableColumn(
                "index", "Slice", [s.index for s in rows], "index", "K", "Zero-based index of the slice"
            ),
            number("dice", "Dice", tip=_says("dice")),
            number("hd_mm", "HD", "mm", in_plane.format(DEFINITIONS["hd_mm"])),
            number("hd95_mm", "HD95", "mm", in_plane.format(DEFINITIONS["hd95_mm"])),
            number("msd_mm", "MSD", "mm", in_plane.format(DEFINITIONS["msd_mm"])),
            number("area_reference_mm2", "Reference area", "mm²"),
            number("area_test_mm2", "Test area", "mm²"),
            TableColumn("status", "Status", [s.status.value for s in rows], "text"),
            TableColumn("reason", "Undefined because", [_slice_reason(s.status) for s in rows], "text"),
        ],
    )


def fill_sweep(node: vtkMRMLTableNode, swept: Swept) -> None:
    """One row a threshold: agreement with the reference where there is one, volume and expected Dice.

    The numbers are those of the computed sweep; nothing is interpolated.
    """
    expected = swept.expected
    sweep = swept.analysis.sweep if swept.analysis else None
    thresholds = expected.thresholds if sweep is None else sweep.thresholds
    columns = [
        TableColumn(
            "threshold", "Threshold", thresholds.tolist(), description="The contour is P >= threshold"
        )
    ]
    if sweep is not None:
        columns += [
            TableColumn(field, title, getattr(sweep, field).tolist(), unit=unit, description=_says(field))
            for field, title, unit, _ in COMPARISON_FIGURES
            if field in SWEPT_FIGURES
        ]
    volume = expected.volume_cc if sweep is None else sweep.volume_cc
    columns += [
        TableColumn(
            "volume_cc", "Volume", volume.tolist(), unit="cc", description="Of the contour P >= threshold"
        ),
        TableColumn(
            "expected_dice",
            "Expected Dice",
            expected_at(swept, thresholds).tolist(),
            description="Dice to expect if the map's probabilities are right; needs no reference",
        ),
    ]
    flags = [] if sweep is None else [flag.value for flag in sweep.flags]
    reasons = [NO_REFERENCE] * len(thresholds)
    if sweep is not None:
        lacking = sweep.reason or ""
        reasons = [NOTHING_SELECTED if flag == Status.EMPTY else lacking for flag in flags]
        columns.append(TableColumn("status", "Status", flags, "text"))
    fill(node, [*columns, TableColumn("reason", "Undefined because", reasons, "text")])


SWEPT_FIGURES = ("dice", "surface_dice", "hd_mm", "hd95_mm", "msd_mm", "sensitivity", "specificity")
"""Figures of a sweep that a table shows, beside the volume."""


def expected_at(swept: Swept, thresholds: np.ndarray) -> np.ndarray:
    """Expected Dice at these thresholds, (T,) float64; nan where it was not computed for one."""
    known = swept.expected
    if np.array_equal(known.thresholds, thresholds):
        return known.expected_dice
    at = np.searchsorted(known.thresholds, thresholds).clip(max=len(known.thresholds) - 1)
    found = [
        known.expected_dice[i] if same_threshold(known.thresholds[i], t) else math.nan
        for i, t in zip(at, thresholds, strict=True)
    ]
    return np.array(found)


def _risk(structure: StructureAssessment) -> tuple[int, float, str]:
    low = structure.dice_interval[0] if structure.dice_interval else structure.dice
    return RISK[structure.verdict.value], -1.0 if low is None else low, structure.structure.casefold()


def _why_blank(structure: StructureAssessment) -> str:
    """Why figures or intervals of an assessed contour are missing; "" where none is."""
    if structure.dice is None:
        return structure.interval_reason or NOT_PREDICTED
    return structure.interval_reason or ""


def _inside(structure: StructureAssessment) -> str:
    inside = structure.novelty.inside_training_range
    told = {None: "", True: "yes", False: "no"}[inside]
    return ": ".join(filter(None, chain([told], structure.novelty.reasons[:1])))


def _source(unmatched: Unmatched, side: str) -> str:
    return unmatched.source if unmatched.side == side else ""


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _says(key: str) -> str:
    """A definition as a sentence's beginning; "" where there is none."""
    text = DEFINITIONS.get(key, "")
    return text[:1].upper() + text[1:]


def _slice_reason(status: Status) -> str:
    return {
        Status.REFERENCE_EMPTY: "the reference is empty in this slice",
        Status.TEST_EMPTY: "the test contour is empty in this slice",
    }.get(status, "")
