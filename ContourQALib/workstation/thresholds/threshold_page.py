"""ThresholdPage: how a contour depends on the threshold of the probability map that it is cut from."""

from __future__ import annotations

import asyncio
from typing import Any

from ContourQALib.report.spreadsheet import spreadsheet
from ContourQALib.report.threshold_records import swept_rows
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.thresholds.contour_use import ContourUse
from ContourQALib.workstation.thresholds.threshold_control import ThresholdControl
from ContourQALib.workstation.thresholds.threshold_panel import CSV_TRIGGER, Actions, ThresholdPanel
from ContourQALib.workstation.thresholds.threshold_scene import ThresholdScene
from ContourQALib.workstation.thresholds.threshold_state import NAMESPACE, threshold_state

CSV_NAME = "thresholds_{}.csv"


class ThresholdPage:
    """The Thresholds page.

    Args:
        session: what the pages share.
    """

    name = NAMESPACE
    title = "Thresholds"
    icon = "mdi-tune-variant"
    needs_case = True
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self.typed = threshold_state(session.state)
        self.scene = ThresholdScene(session.scene, session.views)
        self.control = ThresholdControl(session, self.scene, self.typed)
        self.use = ContourUse(session)
        self.panel = ThresholdPanel(
            self.typed, Actions(self.control.go_to_best, self._use, self._save, session.strokes.undo)
        )
        self.control.charted.connect(self.panel.draw)
        session.controller.trigger(CSV_TRIGGER)(self.csv)
        names = self.typed.name
        self.typed.bind_changes(
            {
                names.value: self._on_value,
                names.map: self._on_map,
                names.reference: self._on_reference,
                names.by: self._on_asked,
                (names.kind, names.zoomed, names.shown): self._on_looked,
                (names.map_shown, names.map_opacity): self._on_map_shown,
                names.half_shown: self.scene.show_half,
                names.reference_shown: self.scene.show_reference,
            }
        )
        session.page_changed.connect(self._on_page)
        session.case_opened.connect(self._on_opened)
        session.case_closing.connect(self._on_closing)
        session.structure_selected.connect(self._on_selected)
        session.call_first.changed.connect(self.control.show_figures)
        session.strokes.changed.connect(self._on_strokes)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        self.panel.build()

    async def csv(self) -> str:
        """The address of the curves as a table; "" where none may be shown."""
        case, swept = self._session.case, self.control.swept
        if case is None or swept is None or self.control.hides:
            return ""
        rows = await asyncio.to_thread(swept_rows, case.entry.name, swept)
        name = CSV_NAME.format(swept.expected.structure)
        return self._session.downloads.offer(name, spreadsheet(rows))

    def _use(self) -> None:
        subject = self.control.subject
        if subject is not None:
            self._session.start(self.use.become(subject, self.control.threshold))

    def _save(self) -> None:
        subject = self.control.subject
        if subject is not None:
            self._session.start(self.use.save(subject, self.control.threshold))

    @property
    def _is_shown(self) -> bool:
        return self._session.page == self.name

    def _on_page(self, page: str) -> None:
        if page == self.name:
            self.control.enter()
        else:
            self.control.leave()

    def _on_opened(self, _case: OpenCase) -> None:
        if self._is_shown:
            self.control.enter()

    def _on_closing(self, _case: OpenCase) -> None:
        self.control.forget()

    def _on_selected(self, structure: str) -> None:
        if self._is_shown:
            self.control.follow(structure)

    def _on_value(self, _value: float) -> None:
        self.control.move()

    def _on_map(self, place: int) -> None:
        self.control.choose_map(int(place))

    def _on_reference(self, name: str) -> None:
        self.control.choose_reference(name)

    def _on_asked(self, _figure: str) -> None:
        self.control.show_figures()

    def _on_looked(self, *_: Any) -> None:
        self.control.draw()

    def _on_map_shown(self, shown: bool, opacity: int) -> None:
        if self._is_shown:
            self.scene.show_map(opacity / 100 if shown else 0.0)

    def _on_strokes(self) -> None:
        self.typed.data.undoable = self._session.strokes.can_undo
