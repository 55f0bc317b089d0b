"""Looks of a cohort's models: the paper's colors where it names them, and safe ones for further models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ContourQALib.report.outlines import FREE_COLORS, MODEL_COLORS, STYLES, Look

VENDOR, TUNED = ("vpm", "vendor"), ("lft", "finetuned")
"""Words in a model's name by which the paper's two models are known."""

CHART_RED, CHART_BLUE = ("#e0402f", "red"), ("#1d4fa3", "blue")
"""VPM and LFT in the paper's figure 4. The red is lighter than the blue: in gray they differ too."""

CHART_REFERENCE = Look("#000000", name="black")
"""The reference in the paper's figure 4."""

MARKERS = ("o", "s", "^", "D", "v", "P")
"""Of models in charts, by their place: color is never the only difference."""

Color = tuple[str, str]


def overlay_looks(models: Sequence[str]) -> list[Look]:
    """A look for each model's outline (figure 3): VPM blue, LFT green, or the first and the second model."""
    return _looks(models, MODEL_COLORS["vpm"], MODEL_COLORS["lft"])


def chart_looks(models: Sequence[str]) -> list[Look]:
    """A look for each model in charts (figure 4): VPM red, LFT blue, or the first and the second model."""
    return _looks(models, CHART_RED, CHART_BLUE)


def _looks(models: Sequence[str], vendor: Color, tuned: Color) -> list[Look]:
    named: dict[int, Color] = {}
    for color, words in ((vendor, VENDOR), (tuned, TUNED)):
        known = next((n for n, model in enumerate(models) if _holds(model, words)), None)
        if known is not None and known not in named:
            named[known] = color
    palette = (vendor, tuned, *FREE_COLORS[1:], FREE_COLORS[0])
    colors = _filled(named, palette, len(models))
    return [Look(code, STYLES[n % len(STYLES)], name) for n, (code, name) in enumerate(colors)]


def _filled(named: Mapping[int, Color], palette: Sequence[Color], count: int) -> list[Color]:
    """Colors of all places: those that are named, else the free ones of the palette in turn."""
    free = [color for color in palette if color not in named.values()]
    unnamed = [n for n in range(count) if n not in named]
    return [named[n] if n in named else free[unnamed.index(n) % len(free)] for n in range(count)]


def _holds(model: str, words: Sequence[str]) -> bool:
    letters = "".join(c for c in model.casefold() if c.isalnum())
    return any(word in letters for word in words)
