"""Outlines: contours to draw, with colors and line styles that keep them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Look:
    """Color and matplotlib line style of a contour, in figures and charts."""

    color: str
    style: Any = "-"
    name: str = ""

    @property
    def words(self) -> str:
        """How to find it: "solid red"."""
        return f"{'solid' if self.style == '-' else 'broken'} {self.name or self.color}"


REFERENCE = Look("#e8272c", name="red")
ASSESSED = Look("#ffb000", name="amber")
TOO_MUCH = Look("#e0301e", name="red")
LEFT_OUT = Look("#35a7ff", name="blue")
"""Predicted errors of an assessed contour: told apart from each other by the color-blind, and from amber."""

MODEL_COLORS = {
    "vpm": ("#2673e8", "blue"),
    "vendor": ("#2673e8", "blue"),
    "lft": ("#1fa34a", "green"),
    "finetuned": ("#1fa34a", "green"),
}
"""Colors of the vendor-pretrained and the locally fine-tuned model, by a word in the label."""

FREE_COLORS = (("#2b9fd9", "sky blue"), ("#a63d9b", "purple"), ("#d98200", "orange"), ("#00806a", "teal"))
"""Colors of other contours, told apart by the color-blind as well."""

STYLES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""Line styles of test contours: color is never the only difference."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A contour to draw: bool mask (K, J, I), its label in the legend, and its look."""

    mask: np.ndarray
    label: str
    look: Look = REFERENCE


def looks_of_tests(labels: Sequence[str]) -> list[Look]:
    """A look for each test contour: VPM blue, LFT green, others from `FREE_COLORS`; a line style each."""
    free, styles = cycle(FREE_COLORS), cycle(STYLES)
    looks = []
    for label in labels:
        word = "".join(c for c in label.lower() if c.isalnum())
        color, name = next((c for model, c in MODEL_COLORS.items() if model in word), None) or next(free)
        looks.append(Look(color, next(styles), name))
    return looks
