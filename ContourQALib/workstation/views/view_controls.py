"""ViewControls: what the page knows of the views, and what it may ask of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ContourQALib.workstation.views.arrangements import SLICE_NAMES, TITLES
from ContourQALib.workstation.views.case_views import CaseViews
from ContourQALib.workstation.views.slice_place import AXES
from ContourQALib.workstation.views.view_widgets import FIT, MAXIMIZE, index_variable, place_variable

FOLDER = Path(__file__).with_name("browser")
"""Served to the browser: nothing but scripts lies there."""

ADDRESS = "__contourqa_views"

STEP, GO = "views_step", "views_go"
"""Triggers of the page, with the name of a slice view and a number of slices or an index. The server alone
says which slice is shown: were the page to write that too, a slider that crosses the server's own move would
tell of another."""

NOWHERE = {"axis": "", "last": 0, "position": "", "left": "", "right": "", "top": "", "bottom": ""}


class ViewControls:
    """Keeps the state variables of the views and the views themselves alike.

    State: of each slice view its place (`place_variable`: axis of the image, last index, position in the
    patient and the letters at the edges) and its index (`index_variable`); `views_layout`, `views_window`.

    Args:
        views: the four views.
        server: the trame server.
    """

    def __init__(self, views: CaseViews, server: Any) -> None:
        self._views, self._state = views, server.state
        self._display: Any = None
        self._observed: int | None = None
        for name in SLICE_NAMES:
            self._state[place_variable(name)] = NOWHERE
            self._state[index_variable(name)] = 0
        self._state.views_layout = views.layout
        self._state.views_window = ""
        self._state.views_making = ""
        for trigger, done in ((STEP, self.step), (GO, self.go), (MAXIMIZE, self.maximize), (FIT, self.fit)):
            server.controller.trigger(trigger)(done)
        server.enable_module({"serve": {ADDRESS: str(FOLDER)}, "scripts": [f"{ADDRESS}/views.js"]})
        views.place_changed.connect(self._on_place)
        views.layout_changed.connect(self._on_layout)
        views.volume_changed.connect(self._on_volume)

    def step(self, name: str, slices: float) -> None:
        """Let a view go so many slices on; a name that is no slice view's is passed over."""
        if name in SLICE_NAMES:
            self._views.step(name, int(slices))

    def go(self, name: str, index: float) -> None:
        """Let a view show a slice; a name that is no slice view's is passed over."""
        if name in SLICE_NAMES:
            self._views.show_index(name, int(index))

    def maximize(self, name: str) -> None:
        """Show one view alone, or all again; a name that is no view's is passed over."""
        if name in TITLES:
            self._views.maximize(name)

    def fit(self, name: str = "") -> None:
        """Bring all of one view's content in sight, or of every view's."""
        if name in TITLES:
            self._views.fit_view(name)
        else:
            self._views.fit()

    def _on_place(self, name: str) -> None:
        place = self._views.place(name)
        said = NOWHERE
        if place is not None:
            edges = dict(zip(("left", "right", "top", "bottom"), place.edges, strict=True))
            said = {
                "axis": AXES[place.axis],
                "last": place.count - 1,
                "position": place.position,
                **edges,
            }
        with self._state:
            self._state[place_variable(name)] = said
            self._state[index_variable(name)] = 0 if place is None else place.nearest

    def _on_layout(self, layout: str) -> None:
        with self._state:
            self._state.views_layout = layout

    def _on_volume(self) -> None:
        if self._display is not None:
            self._display.RemoveObserver(self._observed)
        volume = self._views.volume
        self._display = None if volume is None else volume.GetDisplayNode()
        if self._display is not None:
            self._observed = self._display.AddObserver("ModifiedEvent", self._on_display)
        self._on_display()

    def _on_display(self, *_: Any) -> None:
        display = self._display
        said = "" if display is None else f"W {display.GetWindow():.0f}  L {display.GetLevel():.0f}"
        with self._state:
            self._state.views_window = said
