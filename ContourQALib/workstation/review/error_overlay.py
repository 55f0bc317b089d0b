"""ErrorOverlay: where contours are probably wrong, over the image."""

from __future__ import annotations

from typing import Any

from ContourQALib.mrml import overlays
from ContourQALib.mrml.scene_change import remove_node
from ContourQALib.quality.error_map import MARKED, ErrorMap
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.findings import Findings
from ContourQALib.workstation.review.review_state import MARKS, Typed
from ContourQALib.workstation.session import Session

PAGE = "review"


class ErrorOverlay:
    """Keeps the overlay as the page's switches say; it is there only while the page is shown.

    Args:
        session: what the pages share.
        findings: what may be shown.
        typed: the page's values.
    """

    def __init__(self, session: Session, findings: Findings, typed: Typed) -> None:
        self._session, self._findings, self._typed = session, findings, typed
        self._marks: Any = None
        self._probability: Any = None
        self._drawn: tuple[Any, ...] = ()
        names = typed.name
        typed.bind_changes(
            {
                (names.errors_shown, names.errors_all, names.errors_look): self._on_switched,
                names.errors_opacity: self._on_opacity,
            }
        )
        findings.changed.connect(self.update)
        session.structure_selected.connect(self._on_selected)
        session.page_changed.connect(self._on_page)
        session.case_closing.connect(self._on_closing)

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes that the scene holds for it."""
        return tuple(node for node in (self._marks, self._probability) if node is not None)

    def update(self) -> None:
        """Draw what is to be seen now; nothing is done where it is drawn already."""
        case, data = self._session.case, self._typed.data
        data.errors_note = ""
        if case is None or self._session.page != PAGE or not data.errors_shown:
            self.clear()
            return
        errors = self._errors(case, data.errors_all and data.errors_look == MARKS)
        data.errors_note = self._note(errors)
        wanted = (data.errors_look, *((name, id(error)) for name, error in errors.items()))
        if wanted == self._drawn:
            return
        if not errors:
            self.clear()
            return
        if data.errors_look == MARKS:
            self._show_marks(case, errors)
        else:
            self._show_probability(next(iter(errors.values())))
        self._drawn = wanted

    def clear(self) -> None:
        """Take the overlay out of the scene."""
        self._drawn = ()
        self._remove_marks()
        self._remove_probability()

    def _errors(self, case: OpenCase, every: bool) -> dict[str, ErrorMap]:
        names = case.structures if every else (self._session.structure,)
        found = (self._findings.of(name).found for name in names if name)
        return {one.structure: one.error for one in found if one is not None and one.error is not None}

    def _note(self, errors: dict[str, ErrorMap]) -> str:
        if not errors:
            finding = self._findings.of(self._session.structure)
            if finding.hidden:
                return "your call first"
            return "being looked for \u2026" if finding.awaited else "no map of errors here"
        if self._typed.data.errors_look == MARKS and not any(map(_is_marked, errors.values())):
            return "nothing marked: no voxel is more likely wrong than right"
        return ""

    def _show_marks(self, case: OpenCase, errors: dict[str, ErrorMap]) -> None:
        self._remove_probability()
        opacity = self._typed.data.errors_opacity / 100
        self._marks = overlays.show_errors(self._session.scene, errors, self._marks, case.volume, opacity)

    def _show_probability(self, error: ErrorMap) -> None:
        self._remove_marks()
        self._probability = overlays.show_error_volume(self._session.scene, error, node=self._probability)
        self._session.views.lay_over(self._probability, self._typed.data.errors_opacity / 100)

    def _remove_marks(self) -> None:
        node, self._marks = self._marks, None
        remove_node(self._session.scene, node)

    def _remove_probability(self) -> None:
        node, self._probability = self._probability, None
        if node is not None:
            self._session.views.take_off(node)
            remove_node(self._session.scene, node)

    def _on_switched(self, *_: Any) -> None:
        self.update()

    def _on_selected(self, _structure: str) -> None:
        self.update()

    def _on_page(self, _page: str) -> None:
        self.update()

    def _on_closing(self, _case: OpenCase) -> None:
        self.clear()

    def _on_opacity(self, percent: int) -> None:
        if self._marks is not None:
            overlays.set_opacity(self._marks, percent / 100)
        if self._probability is not None:
            self._session.views.lay_over(self._probability, percent / 100)


def _is_marked(error: ErrorMap) -> bool:
    return bool(error.probability.max(initial=0.0) > MARKED)
