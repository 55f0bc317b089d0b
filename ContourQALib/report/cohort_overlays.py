"""Overlays of a cohort: cases that show what changed between two models, as pictures and for a viewer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.cohort.results import CohortResults
from ContourQALib.errors import SettingError
from ContourQALib.formats.segmentation import Color, write_segmentation
from ContourQALib.report.canvas import Picture
from ContourQALib.report.cohort_looks import overlay_looks
from ContourQALib.report.figures import slice_figure
from ContourQALib.report.outlines import REFERENCE, Outline
from ContourQALib.report.views import choose_views
from ContourQALib.report.wording import UNDEFINED, dice_text, number

SLICES = 2
"""Slices along K of a shown case: with the two other planes one line of four pictures."""

LONGEST_STEM = 100
"""Letters of a file's name: file systems allow 255 bytes, and a letter may take several."""

UNSAFE = re.compile(r"[^\w.-]+")
"""What a case's name may hold and a file's name should not."""


@dataclass(frozen=True, eq=False)
class ShownCase:
    """What is drawn of one row of the manifest.

    Attributes:
        image: shown below the outlines, on any grid; None for none.
        reference: the reference contour; its grid is the one that is shown.
        tests: each model's contour on any grid, by the model's name; without those that have none.
    """

    image: Image | None
    reference: Contour
    tests: Mapping[str, Contour]


ContoursOf = Callable[[int], ShownCase]
"""Opens the files of one row again, by its index; may raise a ContourQAError."""


@dataclass(frozen=True)
class Choice:
    """A row to show, by its index, and why."""

    row: int
    why: str


def choose_cases(results: CohortResults, show: Sequence[str] = ()) -> list[Choice]:
    """The rows to show.

    Without wishes, of every dataset those with the largest gain, the middle change and the largest loss of
    Dice from the first model to the second; of a single model those with its worst, middle and best Dice.

    Args:
        results: of the cohort.
        show: names of cases, every structure of which is shown instead.

    Raises:
        SettingError: there is no case of such a name.
    """
    if show:
        return _wished(results, show)
    choices = []
    for dataset in dict.fromkeys(row.dataset for row in results.rows):
        members = np.array([n for n, row in enumerate(results.rows) if row.dataset == dataset])
        choices += _extremes(results, members)
    return choices


def check_shown(cases: Sequence[str], show: Sequence[str]) -> None:
    """Find out before the work whether every case that shall be shown is there.

    Raises:
        SettingError: one is not.
    """
    known = set(cases)
    lost = next((name for name in show if name not in known), None)
    if lost is not None:
        raise SettingError(
            f"No row of the manifest is of case {lost}; name a case as the manifest spells it."
        )


def _wished(results: CohortResults, show: Sequence[str]) -> list[Choice]:
    check_shown([row.case for row in results.rows], show)
    return [
        Choice(n, _scores(results, n))
        for name in dict.fromkeys(show)
        for n, row in enumerate(results.rows)
        if row.case == name
    ]


def _extremes(results: CohortResults, members: np.ndarray) -> list[Choice]:
    dice = results.values["dice"][members]
    several = len(results.models) > 1
    measure = dice[:, 1] - dice[:, 0] if several else dice[:, 0]
    defined = np.flatnonzero(np.isfinite(measure))
    order = members[defined[np.argsort(measure[defined], kind="stable")]]
    if not order.size:
        return []
    words = ("largest loss", "middle change", "largest gain") if several else ("worst", "middle", "best")
    # Three of one or two cases: the ends come first, and each case once.
    places = {0: words[0], order.size - 1: words[2]}
    places.setdefault((order.size - 1) // 2, words[1])
    shown = reversed(sorted(places.items())) if several else sorted(places.items())
    if order.size == 1:
        shown = iter([(0, "the only one with a Dice")])
    return [Choice(int(order[at]), f"{word} ({_scores(results, int(order[at]))})") for at, word in shown]


def _scores(results: CohortResults, row: int) -> str:
    dice = results.values["dice"][row]
    told = ", ".join(f"{model} {dice_text(v)}" for model, v in zip(results.models, dice, strict=True))
    change = number(dice[1] - dice[0], "+z.3f") if len(results.models) > 1 else UNDEFINED
    return f"Dice {told}" + (f": {change}" if change != UNDEFINED else "")


def overlay_picture(shown: ShownCase, models: Sequence[str]) -> Picture:
    """Reference and every model's outline on the slices of the largest area and difference, and two planes.

    Args:
        shown: the contours.
        models: all models of the cohort: a model has the same look in every picture.

    Raises:
        GeometryError: a contour lies wholly outside the reference's grid.
    """
    grid = shown.reference.grid
    looks = dict(zip(models, overlay_looks(models), strict=True))
    outlines = [Outline(shown.reference.mask, "reference", REFERENCE)]
    outlines += [Outline(c.on(grid).mask, model, looks[model]) for model, c in shown.tests.items()]
    views = choose_views([outline.mask for outline in outlines], grid, SLICES)
    return slice_figure([outlines], grid, views, shown.image)


def write_overlay(shown: ShownCase, structure: str, models: Sequence[str], path: Path) -> None:
    """Write reference and models as segments on the reference's grid, in the colors of the picture.

    Raises:
        GeometryError: a contour lies wholly outside the reference's grid.
        OutputError: the file cannot be written.
    """
    colors = {m: _rgb(look.color) for m, look in zip(models, overlay_looks(models), strict=True)}
    segments = [replace(shown.reference, name=f"{structure} reference", color=_rgb(REFERENCE.color))]
    segments += [
        replace(contour.on(shown.reference.grid), name=f"{structure} {model}", color=colors[model])
        for model, contour in shown.tests.items()
    ]
    write_segmentation(segments, path)


def file_stem(kind: str, parts: Sequence[str], taken: set[str]) -> str:
    """A file's name without its extension, as no other in `taken`, to which it is added.

    Args:
        kind: its first word.
        parts: names from the manifest; empty ones are left out.
        taken: names given so far, in small letters: some file systems do not tell "A" from "a".
    """
    plain = "_".join([kind, *(UNSAFE.sub("_", part) for part in parts if part)])[:LONGEST_STEM]
    stem, number = plain, 1
    while stem.casefold() in taken:
        number += 1
        stem = f"{plain}-{number}"
    taken.add(stem.casefold())
    return stem


def _rgb(code: str) -> Color:
    red, green, blue = (int(code[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return red, green, blue
