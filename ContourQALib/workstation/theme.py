"""The page's colors, and the names by which tests and scripts find its controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ContourQALib.quality.verdict import Verdict

BACKGROUND = "#14171a"
SURFACE = "#1d2125"
RAISED = "#262b30"
GRID = "#3a4046"
TEXT = "#e4e7ea"
MUTED = "#9aa4ad"
ACCENT = "#5aa9e6"

VERDICT_COLORS = {Verdict.REJECT: "#e5534b", Verdict.REVIEW: "#e3a33b", Verdict.ACCEPT: "#4caf72"}
"""Colors of verdicts on the dark page; the word always stands beside the color."""

VERDICT_ICONS = {
    Verdict.REJECT: "mdi-close-octagon",
    Verdict.REVIEW: "mdi-alert",
    Verdict.ACCEPT: "mdi-check-circle",
}

MESSAGE_COLORS = {"info": ACCENT, "success": "#4caf72", "warning": "#e3a33b", "error": "#e5534b"}
MESSAGE_ICONS = {
    "info": "mdi-information-outline",
    "success": "mdi-check-circle-outline",
    "warning": "mdi-alert-outline",
    "error": "mdi-alert-circle-outline",
}


COMPACT = {"density": "compact", "variant": "outlined", "hide_details": True}
"""How fields and menus of a panel look."""

PANEL_WIDTH_PX = 440
"""Width of a page beside the views."""

STYLE_FILES = (Path(__file__).with_name("style.css"), *sorted(Path(__file__).parent.glob("*/style.css")))
"""The shell's style sheet, and one for each page that has its own."""


def css() -> str:
    """The page's style sheet, with the colors above as variables."""
    variables = {
        "background": BACKGROUND,
        "surface": SURFACE,
        "raised": RAISED,
        "grid": GRID,
        "text": TEXT,
        "muted": MUTED,
        "accent": ACCENT,
        "panel-width": f"{PANEL_WIDTH_PX}px",
        **{verdict.value: color for verdict, color in VERDICT_COLORS.items()},
    }
    root = " ".join(f"--cqa-{name}: {value};" for name, value in variables.items())
    return "\n".join([f":root {{ {root} }}", *(file.read_text(encoding="utf-8") for file in STYLE_FILES)])


def testid(name: str) -> dict[str, list[str]]:
    """Keyword of a trame widget that gives it the attribute data-testid.

    Args:
        name: the value; one that begins with a backtick is an expression of the page.

    Example:
        >>> testid("review-accept")
        {'raw_attrs': ['data-testid="review-accept"']}
        >>> testid("`worklist-row-${row.name}`")
        {'raw_attrs': [':data-testid="`worklist-row-${row.name}`"']}
    """
    bound = ":" if name.startswith("`") else ""
    return {"raw_attrs": [f'{bound}data-testid="{name}"']}


def typed_number(name: str, state: str) -> dict[str, Any]:
    """Attributes of a field for numbers that shows a state variable to a tenth.

    The page is rendered anew for any news, which would take away what is being typed: the field is left alone
    until its own number changes.

    Args:
        name: by which tests find it.
        state: the variable.

    Example:
        html.Input(change=..., **typed_number("review-width", names.width))
    """
    return {
        "type": "number",
        "value": (f"Math.round(10 * {state}) / 10",),
        "raw_attrs": [f'v-memo="[{state}]"', *testid(name)["raw_attrs"]],
    }
