"""PlotlyFigure: a chart as plain data, since plotly's own package takes half a second to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ContourQALib.workstation.theme import GRID, SURFACE, TEXT

_AXIS = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}


@dataclass(frozen=True)
class PlotlyFigure:
    """A chart in the workstation's colors, for `trame_plotly`'s `Figure.update`.

    Attributes:
        data: traces as plotly.js takes them, numbers and lists alone.
        layout: what differs from the workstation's own layout.
    """

    data: Sequence[Mapping[str, Any]] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)

    def to_plotly_json(self) -> dict[str, Any]:
        """The chart as plotly.js takes it."""
        layout: dict[str, Any] = {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": SURFACE,
            "font": {"color": TEXT, "size": 12},
            "margin": {"l": 48, "r": 12, "t": 24, "b": 40},
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": -0.2},
            **self.layout,
        }
        for axis in ("xaxis", "yaxis"):
            layout[axis] = {**_AXIS, **self.layout.get(axis, {})}
        return {"data": [dict(trace) for trace in self.data], "layout": layout}


def escaped(name: str) -> str:
    """A name without what plotly takes for markup or for a field."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
