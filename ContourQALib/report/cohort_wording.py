"""How the figures and tests of a cohort read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.cohort.paired import PairedComparison
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.planar.remarks import RULE
from ContourQALib.report.wording import NEGLIGIBLE_CC, figure_text, number, percent_text

STARS = ((0.001, "***"), (0.01, "**"), (LEVEL, "*"))
"""Marks of a corrected p below each level, the strictest first."""

LEAST_P = 0.001
"""Below it a p value reads as "< 0.001"."""

MOST_NAMED = 6
"""Names that a sentence lists."""

FIGURE_WORDS = {
    "dice": "Dice",
    "hd95_pooled_mm": "95HD",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
"""The paper's figures, in sentences and in the order of its table 2."""


def value_text(figure: str, value: float | None) -> str:
    """A figure's value by its field's name; specificity to five digits, for nearly all is background."""
    if figure.endswith("_percent"):
        return percent_text(value)
    if figure == "specificity":
        return number(value, ".5f")
    return figure_text(figure, value)


def spread_text(figure: str, value: float | None) -> str:
    """A standard deviation: as the figure's value, but of no sign."""
    return number(value, ".1f") if figure.endswith("_percent") else value_text(figure, value)


def change_text(figure: str, value: float | None) -> str:
    """A difference of two values of a figure, signed."""
    digits = {"specificity": 5}.get(figure)
    if digits is None:
        digits = 1 if figure.endswith("_percent") else 2 if figure.endswith(("_mm", "_cc")) else 3
    return number(value, f"+z.{digits}f")


def p_text(p: float | None) -> str:
    """A p value to three digits; to four where three would hide on which side of 0.05 it lies."""
    if p is not None and p < LEAST_P:
        return f"< {LEAST_P:g}"
    text = number(p, ".3f")
    return number(p, ".4f") if text == f"{LEVEL:.3f}" else text


def stars(p: float) -> str:
    """The mark of a corrected p: "***" to "*", or "" where it is not significant."""
    return next((mark for level, mark in STARS if p < level), "")


def placed_texts(results: CohortResults) -> list[str]:
    """How many contours were interpolated, cut off, made of polygons, or lie on the reference grid's edge."""
    told = {
        "resampled": f"resampled: {DEFINITIONS['resampled']}",
        "touches_edge": f"at the edge: {DEFINITIONS['touches_edge']}",
        "lost_cc": "cut off: foreground outside the reference's grid was left out",
    }
    texts = []
    for name, words in told.items():
        least = NEGLIGIBLE_CC if name.endswith("_cc") else 0.5
        count = int(np.count_nonzero(results.placed[name] >= least)) if name in results.placed else 0
        if count:
            texts.append(f"{count} {'contour' if count == 1 else 'contours'} {words}")
    count = len(results.rasterized)
    if count:
        were = "contour was" if count == 1 else "contours were"
        texts.append(f"{count} {were} drawn as polygons: {RULE}; each one's is told by report.csv and JSON")
    return texts


def cases_text(count: int) -> str:
    """A number of cases: "1 case", "30 cases"."""
    return f"{count} case" if count == 1 else f"{count} cases"


def on_text(dataset: str) -> str:
    """Where something holds, at the start of a sentence: "On ExVal, ", or "" without datasets."""
    return f"On {dataset}, " if dataset else ""


def capital(text: str) -> str:
    """The text with a large first letter."""
    return text[:1].upper() + text[1:]


def names_text(names: Sequence[str]) -> str:
    """Names in a sentence; the rest of many is counted."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def notes_on_test(compared: PairedComparison) -> list[str]:
    """What a reader must know of a test: how many pairs it lacks, and why it could not be significant."""
    notes = []
    if compared.undefined:
        whole = compared.pairs + compared.undefined
        notes.append(f"{compared.pairs} of {whole} pairs; {compared.undefined} undefined")
    if compared.test.reason:
        notes.append(capital(compared.test.reason))
    return notes
