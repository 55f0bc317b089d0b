"""How figures, names and findings read, the same in the terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.planar.remarks import rule_and_remarks
from ContourQALib.quality.assessment import ModelIdentity, StructureAssessment
from ContourQALib.vocabulary import standard_name
from ContourQALib.vocabulary.spelling import squeezed

UNDEFINED = "–"
"""Stands for a figure that is undefined or that a model does not give."""

FIGURE_TITLES = {
    "dice": "Dice",
    "msd_mm": "MSD",
    "hd_mm": "HD",
    "hd95_mm": "HD95",
    "volume_cc": "Volume",
    "surface_dice": "Surface Dice",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "expected_dice": "Expected Dice",
}
"""How the figures of a sweep are called; the unit is in the field's name."""

NEGLIGIBLE_CC = 5e-4
"""Lost foreground below this reads as 0.00 cc and is not worth a footnote."""


SLICES_NAMED = 3
"""Slices named in a table's cell: a reader opens them one by one."""


def number(value: float | None, form: str) -> str:
    """A figure in the format `form`, or `UNDEFINED` for None, nan and infinity."""
    return UNDEFINED if value is None or not math.isfinite(value) else format(value, form)


def dice_text(value: float | None) -> str:
    """A share between 0 and 1 (Dice, sensitivity …) to three digits."""
    return number(value, ".3f")


def mm_text(value: float | None) -> str:
    """A distance in mm; a tenth of a voxel is what a second digit can still tell."""
    return number(value, ".2f")


def cc_text(value: float | None) -> str:
    """A volume in cc."""
    return number(value, ".2f")


def percent_text(value: float | None) -> str:
    """A signed percentage, never "-0.0"."""
    return number(value, "+z.1f")


def threshold_text(value: float | None) -> str:
    """A threshold to four digits, without the zeros at its end: 0.5, 0.42, 0.3333."""
    return number(value, ".4g")


def figure_text(figure: str, value: float | None) -> str:
    """The value of a figure by its field's name: a distance or a volume, else a share."""
    return (mm_text if figure.endswith("_mm") else cc_text if figure.endswith("_cc") else dice_text)(value)


def sentence(text: str) -> str:
    """A note as a sentence: a capital at its start, a period at its end."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def interval_text(value: float | None, interval: tuple[float, float] | None, form: str) -> str:
    """A figure with its interval where there is one: "0.87 [0.81, 0.93]"."""
    text = number(value, form)
    return text if interval is None else f"{text} [{number(interval[0], form)}, {number(interval[1], form)}]"


def interval_header(structures: Sequence[StructureAssessment]) -> str:
    """What the interval of predicted figures is: "90 % interval", or "" where no contour has one."""
    levels = {s.interval_level for s in structures if s.dice_interval and s.interval_level is not None}
    if not levels:
        return ""
    return " / ".join(f"{100 * level:g} %" for level in sorted(levels)) + " interval"


def interval_source(structure: StructureAssessment) -> str:
    """What is behind a contour's interval, or why it has none; "" where no model answered."""
    if structure.interval_reason:
        return structure.interval_reason.rstrip(".")
    if structure.dice_interval is None or structure.interval_level is None:
        return ""
    return f"{100 * structure.interval_level:g} % interval from {structure.interval_cases} patients"


def slices_text(structure: StructureAssessment, most: int = SLICES_NAMED) -> str:
    """Zero-based K of the slices to look at first, the worst first; `UNDEFINED` without an error map."""
    if not structure.slices:
        return UNDEFINED
    shown = ", ".join(str(s.index) for s in structure.slices[:most])
    return shown + (" …" if len(structure.slices) > most else "")


def further_figures(structures: Sequence[StructureAssessment]) -> dict[str, str]:
    """What beside a model speaks of the contours, in words, with the field that holds it."""
    known = {"probability map": "expected_dice", "second segmentation": "agreement_dice"}
    return {
        name: field for name, field in known.items() if any(getattr(s, field) is not None for s in structures)
    }


def tolerance_text(comparisons: Sequence[Comparison]) -> str:
    """The tolerance of surface Dice, in words: "at 2 mm"."""
    tolerances = sorted({c.tolerance_mm for c in comparisons})
    return "at " + " / ".join(f"{t:g}" for t in tolerances) + " mm" if tolerances else ""


def comparison_notes(comparison: Comparison) -> list[str]:
    """What a reader must know beside a comparison's figures, the gravest first."""
    reason = comparison.undefined_reason
    notes = [reason[0].upper() + reason[1:]] if reason else []
    if comparison.resampled:
        notes.append(f"Resampled: {DEFINITIONS['resampled']}")
    if comparison.lost_cc >= NEGLIGIBLE_CC:
        notes.append(
            f"{cc_text(comparison.lost_cc)} cc of the test contour lie outside the reference's grid "
            "and were left out"
        )
    if comparison.touches_edge:
        notes.append(f"Edge: {DEFINITIONS['touches_edge']}")
    of_reference = source_notes(
        comparison.structure,
        comparison.spelled_reference,
        comparison.rasterized_reference,
        comparison.remarks_reference,
        "reference",
    )
    of_test = source_notes(
        comparison.structure,
        comparison.spelled_test,
        comparison.rasterized_test,
        comparison.remarks_test,
        "test contour",
    )
    return [*notes, *of_reference, *of_test]


def assessment_notes(structure: StructureAssessment) -> list[str]:
    """What a reader must know of how a contour was placed on the image."""
    notes = []
    if structure.resampled:
        notes.append("Resampled: the contour lay on another lattice and was interpolated to the image's grid")
    if structure.lost_cc >= NEGLIGIBLE_CC:
        notes.append(
            f"{cc_text(structure.lost_cc)} cc of the contour lie outside the image and were left out"
        )
    source = interval_source(structure)
    notes += [source] if source else []
    standard = structure.standard_name or standard_name(structure.structure)
    if standard and squeezed(standard) != squeezed(structure.structure):
        notes.append(f"{structure.structure} means {standard} (TG-263)")
    return notes + source_notes(
        structure.structure, structure.spelled, structure.rasterized, structure.remarks
    )


def source_notes(
    structure: str, spelled: str | None, rasterized: str | None, remarks: str | None, side: str = "contour"
) -> list[str]:
    """What a reader must know of where a contour comes from: its name there, and how it became voxels.

    Args:
        structure: what it goes by.
        spelled: how its source spells it, where that differs.
        rasterized: how polygons or a surface became voxels; None for what was drawn as voxels.
        remarks: what else is to be said of its source; None for nothing.
        side: which contour it is.
    """
    notes = [f"{spelled} ({side}) was taken for {structure}"] if spelled else []
    said = [remarks] if remarks else []
    if rasterized:
        rule, of_polygons = rule_and_remarks(rasterized)
        said = [*of_polygons, *said]
        notes.append(f"The {side} was not drawn as voxels: {rule[:1].lower()}{rule[1:]}")
    if said:
        notes.append(f"The {side} as it was drawn: {'; '.join(said)}")
    return notes


def model_text(model: ModelIdentity) -> str:
    """One line on the model that answered; a preview, or one for teaching, says so in capitals."""
    if model.name is None:
        return "mask-only rules, without a model"
    caution = "for teaching only" if model.teaching_only else model.status
    status = f", {caution.upper()}" if caution and caution != "released" else ""
    terms = f", {model.license}" if model.license else ""
    return f"{model.name} {model.version or ''}".rstrip() + status + terms


def short_labels(sources: Iterable[str]) -> dict[str, str]:
    """Each source's shortest trailing path that no other source shares (mostly the file's name).

    Example:
        >>> short_labels(["data/a/ptv.nrrd", "data/b/ptv.nrrd", "data/b/oar.nrrd"])["data/a/ptv.nrrd"]
        'a/ptv.nrrd'
    """
    parts = {source: PurePath(source).parts or (source,) for source in sources}
    labels = {}
    for source, own in parts.items():
        others = [p for s, p in parts.items() if s != source]
        length = next((n for n in range(1, len(own)) if not any(p[-n:] == own[-n:] for p in others)), 0)
        labels[source] = "/".join(own[-length:]) if length else source
    return labels


class Footnotes:
    """Numbers the notes of a table: the same sentence keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, notes: Iterable[str]) -> str:
        """The numbers of `notes`, "1 3", giving new ones to new sentences."""
        return " ".join(str(self._numbers.setdefault(note, len(self._numbers) + 1)) for note in notes)

    def lines(self) -> list[tuple[int, str]]:
        """Every number with its sentence, in order."""
        return [(mark, note) for note, mark in self._numbers.items()]


def unmatched_text(unmatched: Sequence[Unmatched], labels: Mapping[str, str] | None = None) -> str:
    """What found no partner and where it was looked for, in one line.

    Args:
        unmatched: at least one.
        labels: short names for sources; the files' names by default.
    """
    names = short_labels([s for u in unmatched for s in (u.source, *u.missing_in)]) | dict(labels or {})
    told = []
    for lone in unmatched:
        missing = f"; not in {', '.join(names[s] for s in lone.missing_in)}" if lone.missing_in else ""
        told.append(f"{lone.structure} ({lone.side}, {names[lone.source]}{missing})")
    return ", ".join(told)
