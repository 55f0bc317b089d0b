"""Canvas: how every figure of a report is made and turned into PNG, without any display."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
WIDTH_INCHES = 10.4
"""A figure fills the text width of the page: about 1140 pixels."""


@dataclass(frozen=True)
class Picture:
    """A finished figure: PNG bytes, the text that stands for it, and its caption."""

    png: bytes
    alt: str
    caption: str


def blank_figure(width: float, height: float) -> Figure:
    """An empty white figure of this size in inches, apart from pyplot and its global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def literal(text: str) -> str:
    """A name as matplotlib shall show it: "$" begins no formula and a first "_" hides no legend entry."""
    shown = text.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def to_png(figure: Figure) -> bytes:
    """The figure as PNG without transparency, encoded once from what was drawn."""
    from PIL import Image

    canvas: Any = figure.canvas
    with warnings.catch_warnings():
        # A letter that the font lacks shows as a box; the name stands in the page's text as well.
        warnings.filterwarnings("ignore", message="Glyph")
        canvas.draw()
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])).save(
        encoded, format="png"
    )
    return encoded.getvalue()
