"""AssessmentRow: what the result table shows of one contour, from a result or from a saved table node."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from slicer.i18n import tr as _

from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.report.wording import assessment_notes, number

GRAVITY = {"reject": 0, "review": 1, "accept": 2}
"""Order of the rows: what something must be done about comes first."""

SLICE_LINK = "slice:"
"""Links to slices in the details start with this; the index on the image's grid follows."""


@dataclass(frozen=True)
class Figure:
    """A predicted figure with the bounds of its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def text(self, form: str) -> str:
        """Such as "0.83 (0.71–0.90)"."""
        bounds = (self.low, self.high)
        if self.value is None or any(bound is None or not math.isfinite(bound) for bound in bounds):
            return number(self.value, form)
        return f"{number(self.value, form)} ({number(self.low, form)}\u2013{number(self.high, form)})"


@dataclass(frozen=True)
class SliceToSee:
    """A slice to look at: index on the image's grid and, where known, the predicted error volume in cc."""

    index: int
    error_volume_cc: float | None

    @property
    def text(self) -> str:
        """Such as "slice 34: 0.8 cc"."""
        if self.error_volume_cc is None:
            return _("slice {index}").format(index=self.index)
        volume = number(self.error_volume_cc, ".1f" if self.error_volume_cc >= 0.1 else ".2g")
        return _("slice {index}: {volume} cc").format(index=self.index, volume=volume)


@dataclass(frozen=True)
class AssessmentRow:
    """One contour in the table.

    Attributes:
        structure: its name.
        verdict: "accept", "review" or "reject".
        dice, hd95_mm, msd_mm: predicted figures.
        reasons: why this verdict, the gravest first.
        volume_cc: the contour's volume.
        slices: the slices to look at first, the worst first.
        novelty: whether the case is like the training cases, in words; "" where no model can tell.
        model: who predicted, in words.
        notes: what else must be known of the figures.
        segmentId: the segment; "" where the table was loaded and no segment has this name.
    """

    structure: str
    verdict: str
    dice: Figure
    hd95_mm: Figure
    msd_mm: Figure
    reasons: tuple[str, ...]
    volume_cc: float | None
    slices: tuple[SliceToSee, ...]
    novelty: str
    model: str
    notes: tuple[str, ...] = ()
    segmentId: str = ""

    @property
    def gravity(self) -> tuple[int, float, str]:
        """Sorts rows, the gravest first: by verdict, then by the lower bound of Dice, else by Dice."""
        lowest = self.dice.low if self.dice.low is not None else self.dice.value
        known = lowest is not None and math.isfinite(lowest)
        return GRAVITY.get(self.verdict, 0), lowest if known else -1.0, self.structure


def rowsOf(assessment: Assessment, segmentIds: Sequence[str]) -> list[AssessmentRow]:
    """The rows of a result, the gravest first; `segmentIds` are those of its contours, in their order."""
    rows = [
        _rowOf(assessment, one, segmentId)
        for one, segmentId in zip(assessment.structures, segmentIds, strict=True)
    ]
    return sorted(rows, key=lambda row: row.gravity)


def _rowOf(assessment: Assessment, one: StructureAssessment, segmentId: str) -> AssessmentRow:
    identity = assessment.identity_of(one)
    model = _("rules on the shape alone")
    if identity is not None:
        model = f"{identity.name} {identity.version}"
        if identity.status and identity.status != "released":
            model += f" ({identity.status})"
    return AssessmentRow(
        structure=one.structure,
        verdict=one.verdict.value,
        dice=Figure(one.dice, *(one.dice_interval or ())),
        hd95_mm=Figure(one.hd95_mm, *(one.hd95_interval_mm or ())),
        msd_mm=Figure(one.msd_mm, *(one.msd_interval_mm or ())),
        reasons=one.reasons,
        volume_cc=one.volume_cc,
        slices=tuple(SliceToSee(s.index, s.error_volume_cc) for s in one.slices or ()),
        novelty=_noveltyWords(one.novelty.inside_training_range),
        model=model,
        notes=tuple(_capitalized(note) for note in assessment_notes(one)),
        segmentId=segmentId,
    )


def _noveltyWords(inside: bool | None) -> str:
    if inside is None:
        return ""
    return _("yes") if inside else _("no: do not rely on the figures")


def _capitalized(text: str) -> str:
    sentence = text[:1].upper() + text[1:]
    return sentence if sentence.endswith(".") else sentence + "."


def rowsOfTable(tableNode: Any, idsByName: dict[str, str]) -> list[AssessmentRow]:
    """The rows of a table that `mrml.tables.fill_assessment` filled, as after loading a scene.

    Args:
        tableNode: vtkMRMLTableNode.
        idsByName: IDs of the segmentation's segments by name.
    """
    table = tableNode.GetTable()
    rows = []
    for index in range(table.GetNumberOfRows()):

        def text(name: str, index: int = index) -> str:
            column = table.GetColumnByName(name)
            return "" if column is None else column.GetVariantValue(index).ToString()

        def value(name: str, index: int = index) -> float | None:
            column = table.GetColumnByName(name)
            found = math.nan if column is None else column.GetVariantValue(index).ToDouble()
            return found if math.isfinite(found) else None

        rows.append(
            AssessmentRow(
                structure=text("structure"),
                verdict=text("verdict"),
                dice=Figure(value("dice"), value("dice_from"), value("dice_to")),
                hd95_mm=Figure(value("hd95_mm"), value("hd95_from_mm"), value("hd95_to_mm")),
                msd_mm=Figure(value("msd_mm"), value("msd_from_mm"), value("msd_to_mm")),
                reasons=(text("reasons"),) if text("reasons") else (),
                volume_cc=value("volume_cc"),
                slices=tuple(
                    SliceToSee(int(part), None)
                    for part in text("slices").replace(" ", "").split(",")
                    if part.isdigit()
                ),
                novelty=text("novelty"),
                model=text("model"),
                notes=(_capitalized(text("notes")),) if text("notes") else (),
                segmentId=idsByName.get(text("structure"), ""),
            )
        )
    return sorted(rows, key=lambda row: row.gravity)


def detailsHtml(row: AssessmentRow) -> str:
    """Everything about a row for the details area; slices are links that start with `SLICE_LINK`."""
    parts = [f"<p><b>{escape(row.structure)}</b>: {escape(row.verdict)}"]
    if row.volume_cc is not None:
        parts.append(_(", {volume} cc").format(volume=number(row.volume_cc, ".1f")))
    parts.append("</p>")
    if row.reasons:
        parts.append("<ul>" + "".join(f"<li>{escape(reason)}</li>" for reason in row.reasons) + "</ul>")
    if row.slices:
        links = ", ".join(f'<a href="{SLICE_LINK}{one.index}">{escape(one.text)}</a>' for one in row.slices)
        parts.append("<p>" + _("Look first at: {slices}").format(slices=links) + "</p>")
    likeTraining = (
        _("Like the training data: {novelty}").format(novelty=escape(row.novelty))
        if row.novelty
        else _("It was not compared with training data: no model predicted this contour.")
    )
    parts.append(
        "<p>"
        + likeTraining
        + "<br>"
        + _("Predicted by: {model}").format(model=escape(row.model))
        + "".join("<br>" + escape(note) for note in row.notes)
        + "</p>"
    )
    return "".join(parts)
