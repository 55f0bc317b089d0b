"""The section of an assessment: verdicts, predicted figures, and pictures of where to look."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ContourQALib.case import Contour, Image
from ContourQALib.quality.assessment import Assessment, ModelIdentity, StructureAssessment
from ContourQALib.quality.error_map import LISTED_SLICES
from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.assessment_charts import dice_chart, slice_error_chart
from ContourQALib.report.canvas import Picture
from ContourQALib.report.figures import assessment_figure
from ContourQALib.report.html import Column, Section, Tile, figure, footnotes, strip, table
from ContourQALib.report.outlines import ASSESSED, Outline
from ContourQALib.report.wording import (
    UNDEFINED,
    Footnotes,
    assessment_notes,
    cc_text,
    further_figures,
    interval_header,
    interval_text,
    model_text,
    number,
    slices_text,
)

SIGNS = {Verdict.ACCEPT: "✓", Verdict.REVIEW: "?", Verdict.REJECT: "✕"}
"""A verdict reads the same without its color."""

MEANING = {
    Verdict.ACCEPT: "no reason found to check",
    Verdict.REVIEW: "a reader decides",
    Verdict.REJECT: "to be corrected or drawn again",
}


def assessment_section(
    assessment: Assessment,
    image: Image | None = None,
    contours: Sequence[Contour] = (),
    *,
    title: str = "Assessment",
) -> Section:
    """Verdicts, predicted figures and their reasons, and pictures of each contour that is not empty.

    Args:
        assessment: the result.
        image: the image it was made on, shown below the outlines.
        contours: the assessed contours in the order of `assessment.structures`; none, no pictures.
        title: heading of the section.

    Raises:
        GeometryError: a contour lies wholly outside the image.
    """
    structures = assessment.structures
    body = note_lines(assessment.notes) + verdict_strip([s.verdict for s in structures])
    body += "".join(map(_model_line, assessment.models or (assessment.model,)))
    body += _assessment_table(structures)
    chart = dice_chart(structures, assessment.levels) if contours else None
    if chart is not None:
        body += figure(chart)
    for structure, contour in zip(structures, contours, strict=bool(contours)):
        if contour.mask.any():
            body += _article(structure, contour if image is None else contour.on(image.grid), image)
    return Section(title, body)


def verdict_strip(verdicts: Sequence[Verdict], further: Sequence[Tile] = ()) -> str:
    """How many contours have which verdict, side by side, and further tiles after them."""
    counts = {one: sum(v is one for v in verdicts) for one in Verdict}
    tiles = [Tile(str(counts[one]), f"{one.value}: {MEANING[one]}", one) for one in Verdict]
    return strip([*tiles, *further])


def note_lines(notes: Sequence[str]) -> str:
    """What every output of a model must carry, where it cannot be overlooked."""
    return "".join(f'<p class="warning"><strong>{escape(note)}</strong></p>' for note in notes)


def badge(verdict: Verdict) -> str:
    """A verdict as it stands in tables and headings."""
    return f'<span class="badge {verdict.value}">{SIGNS[verdict]} {verdict.value}</span>'


def structure_pictures(
    structure: StructureAssessment, contour: Contour, image: Image | None
) -> list[Picture]:
    """The contour on its most suspicious slices, and the predicted error of every slice where there is any.

    Args:
        structure: what was found.
        contour: the assessed contour, not empty, on the image's grid.
        image: shown below.
    """
    error = structure.error
    outline = Outline(contour.mask, structure.structure, ASSESSED)
    suspicious = [s.index for s in structure.slices or ()]
    pictures = [assessment_figure(outline, contour.grid, image, suspicious, error)]
    chart = slice_error_chart(structure, error, contour.mask) if error is not None else None
    return [*pictures, chart] if chart is not None else pictures


def _article(structure: StructureAssessment, contour: Contour, image: Image | None) -> str:
    score = f"Dice {interval_text(structure.dice, structure.dice_interval, '.2f')}"
    if structure.dice_at_least is not None and structure.interval_level is not None:
        score += f", at least {structure.dice_at_least:.2f} at {100 * structure.interval_level:g} %"
    shown = f'<span class="score">{escape(score)}</span>' if structure.dice is not None else ""
    heading = f"<h3>{escape(structure.structure)} {badge(structure.verdict)} {shown}</h3>"
    pictures = "".join(map(figure, structure_pictures(structure, contour, image)))
    return f"<article>{heading}{look_first(structure)}{pictures}</article>"


def look_first(structure: StructureAssessment) -> str:
    """The slices to look at first, as a paragraph; "" where there are none."""
    if not structure.slices:
        return ""
    looks = slices_text(structure, LISTED_SLICES)
    return f"<p>Slices to look at first, zero-based K: <strong>{looks}</strong>.</p>"


def _model_line(model: ModelIdentity) -> str:
    line = f"<p>Predicted by <strong>{escape(model_text(model))}</strong>."
    if model.status == "preview":
        line += " A preview has not been validated: look at every contour, whatever its verdict."
        return line.replace("<p>", '<p class="warning">', 1) + "</p>"
    return line + "</p>"


def _assessment_table(structures: Sequence[StructureAssessment]) -> str:
    notes = Footnotes()
    interval = interval_header(structures)
    caption = "Verdicts and predicted figures" + (f", in brackets the {interval}" if interval else "")
    further = further_figures(structures)
    located = any(s.slices for s in structures)
    columns = [
        Column("Structure", numeric=False),
        Column("Verdict", numeric=False),
        Column("Predicted Dice"),
        Column("HD95", "mm"),
        Column("MSD", "mm"),
        *(Column(f"Dice by {name}") for name in further),
        Column("Volume", "cc"),
        *([Column("Look at slices", "K, worst first", numeric=False)] if located else []),
        Column("Like the training data", numeric=False),
    ]
    rows = []
    for s in structures:
        inside = s.novelty.inside_training_range
        marks = notes.marks(assessment_notes(s))
        rows.append(
            [
                escape(s.structure) + (f"<sup>{marks}</sup>" if marks else ""),
                badge(s.verdict),
                figure_cell(s.dice, s.dice_interval, ".2f"),
                figure_cell(s.hd95_mm, s.hd95_interval_mm, ".1f"),
                figure_cell(s.msd_mm, s.msd_interval_mm, ".1f"),
                *(number(getattr(s, field), ".2f") for field in further.values()),
                cc_text(s.volume_cc),
                *([slices_text(s)] if located else []),
                UNDEFINED if inside is None else "yes" if inside else "no",
            ]
        )
    reasons = [reason_list(s.reasons) for s in structures]
    return table(columns, rows, caption, reasons) + footnotes(notes)


def figure_cell(value: float | None, interval: tuple[float, float] | None, form: str) -> str:
    """A figure above its interval: side by side they push the last columns off the page."""
    text = interval_text(value, interval, form)
    figure_, bracket, rest = text.partition(" [")
    return f"<strong>{figure_}</strong>" + (f"<br>[{rest}" if bracket else "")


def reason_list(reasons: Sequence[str]) -> str:
    """Reasons as a list in a cell."""
    return f"<ul>{''.join(f'<li>{escape(reason)}</li>' for reason in reasons)}</ul>" if reasons else ""
