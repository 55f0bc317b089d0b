"""The library that draws the charts is loaded by the browser when the first of them is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ADDRESS = "__contourqa_charts"
FOLDER = Path(__file__).with_name("browser")

LIBRARY = "trame_plotly"
COMPONENT = "trame-plotly"


def load_late(server: Any) -> None:
    """Take the library off the list of what the page loads before anything is seen.

    Args:
        server: a trame server whose pages are built.
    """
    state = server.state
    scripts: list[str] = state.trame__scripts
    library = next((one for one in scripts if one.endswith("/trame-plotly.umd.js")), None)
    if library is None:
        return
    state.trame__scripts = [one for one in scripts if one != library]
    state.trame__vue_use = [one for one in state.trame__vue_use if one != LIBRARY]
    server.enable_module(
        {
            "serve": {ADDRESS: str(FOLDER)},
            "scripts": [f"{ADDRESS}/late_charts.js"],
            "vue_use": [("contourqa_charts", {"address": library, "component": COMPONENT})],
        }
    )
