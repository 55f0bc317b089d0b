"""Experiment: an error is chosen and dosed; the contour follows the slider, and the figures the contour."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from trame_server.utils.typed_state import TypedState
from undo_stack import Signal, SignalContainer

from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.latest_only import LatestOnly
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.teach.lessons import LESSONS, lesson_items
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teach_scene import TeachScene
from ContourQALib.workstation.teach.teach_state import ERROR, TRY, TeachState
from ContourQALib.workstation.teach.teaching_case import Dose, TeachingCase
from ContourQALib.workstation.teach.trials import Trial, Trials

ERRORS = "teach_errors"
"""State variable: the errors that can be chosen."""


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What the controls ask for."""

    case: TeachingCase
    structure: str
    dose: Dose

    def same_curve(self, other: _Wanted | None) -> bool:
        """Whether another wish differs in nothing but its severity."""
        if other is None or self.case is not other.case or self.structure != other.structure:
            return False
        return replace(self.dose, severity=other.dose.severity) == other.dose


class Experiment(SignalContainer):
    """Follows the controls of the page's first half.

    Args:
        session: what the pages share.
        scene: where the contours are shown.
        measuring: asks for figures.
        state: the controls, and what they show.
    """

    charted = Signal(PlotlyFigure)
    """The curve has another trial, or is another error's."""

    def __init__(
        self, session: Session, scene: TeachScene, measuring: Measuring, state: TypedState[TeachState]
    ) -> None:
        self._session = session
        self._scene = scene
        self._measuring = measuring
        self._state = state
        self._case: TeachingCase | None = None
        self._wanted: _Wanted | None = None
        self._drawing: LatestOnly[_Wanted] = LatestOnly(self._draw, session.start)
        self._figures: LatestOnly[tuple[_Wanted, Contour]] = LatestOnly(self._measure, session.start)
        self.trials = Trials()
        self._sought = False
        self._told_error = ""
        self._describe_error()
        session.state[ERRORS] = lesson_items(LESSONS)
        names = state.name
        state.bind_changes(
            {
                (names.structure, names.severity, names.place): lambda *_: self.follow(),
                names.error: lambda _: self._on_error(),
                names.marked: lambda _: self._mark(),
            }
        )

    @property
    def levels(self) -> Levels:
        """Accept and reject levels of Dice."""
        return self._measuring.levels

    def chart(self) -> PlotlyFigure:
        """The trials so far."""
        now = self._wanted.dose.severity if self._wanted is not None else None
        return self.trials.chart(LESSONS[self._state.data.error], self.levels, now)

    def take(self, case: TeachingCase | None) -> None:
        """Spoil the contours of another case; None while there is none."""
        self._case = case
        data = self._state.data
        data.structures = list(case.structures) if case is not None else []
        if case is not None:
            self._session.state[ERRORS] = lesson_items(case.errors)
            data.error = data.error if data.error in case.errors else ERROR
        if case is not None and data.structure not in case.structures:
            data.structure = case.structures[0] if case.structures else ""
        self._wanted = None
        self.follow()

    def follow(self, *, again: bool = False) -> None:
        """Show what the controls ask for now.

        Args:
            again: even if it is shown already or on its way.
        """
        data, case = self._state.data, self._case
        if case is None or not self._is_shown() or data.structure not in case.structures:
            return
        lesson = LESSONS[data.error]
        severity = lesson.severity(data.severity)
        data.words = lesson.words(severity)
        wanted = _Wanted(case, data.structure, Dose(data.error, severity, data.place))
        before = self._wanted
        if not again and before is not None and wanted.same_curve(before) and wanted.dose == before.dose:
            return
        if not wanted.same_curve(before):
            self.trials = Trials()
            self._sought = False
        self._wanted = wanted
        data.measuring = True
        self.charted(self.chart())
        self._drawing.ask(wanted)

    def again(self) -> None:
        """Show the contour again after something else was shown in its place."""
        self._mark()
        self.follow(again=True)

    def _mark(self) -> None:
        if self._is_shown():
            self._scene.show(reference=True, marked=self._state.data.marked)

    def _on_error(self) -> None:
        if self._state.data.error != self._told_error:
            self._describe_error()
            self.follow()

    def _describe_error(self) -> None:
        """The slider of an error, at a middle severity, and what is said of it."""
        data = self._state.data
        lesson = LESSONS[data.error]
        severities = lesson.kind.severities
        self._told_error = lesson.error
        data.severity = severities[len(severities) // 2]
        data.highest, data.step = lesson.highest, lesson.step
        data.words = lesson.words(data.severity)
        data.notice, data.description = lesson.notice, lesson.kind.description

    async def _draw(self, wanted: _Wanted) -> None:
        contour = await asyncio.to_thread(wanted.case.spoiled, wanted.structure, wanted.dose)
        if not self._is_current(wanted):
            return
        with self._session.state:
            self._scene.draw(wanted.case.contour(wanted.structure), contour)
            if not self._sought:
                self._sought = True
                self._scene.seek()
        self._figures.ask((wanted, contour))

    async def _measure(self, item: tuple[_Wanted, Contour]) -> None:
        wanted, contour = item
        if not self._is_current(wanted):
            return
        try:
            (truth,), assessment = await asyncio.gather(
                self._measuring.truths(wanted.case, wanted.structure, [contour]),
                self._measuring.predictions(wanted.case, [contour]),
            )
        except ContourQAError:
            with self._session.state:
                self._state.data.measuring = False
            raise
        if not self._is_current(wanted):
            return
        trial = Trial(wanted.dose, truth, assessment.structures[0])
        self.trials.add(trial)
        with self._session.state:
            self._tell(trial, " ".join(assessment.notes))
            if wanted is self._wanted:
                self._scene.show_error(trial.predicted.error)
            self.charted(self.chart())

    def _is_current(self, wanted: _Wanted) -> bool:
        """Whether it belongs to the curve that is shown: a step that the slider has passed does."""
        return wanted.same_curve(self._wanted) and self._is_shown()

    def _is_shown(self) -> bool:
        return self._scene.active and self._state.data.half == TRY

    def _tell(self, trial: Trial, note: str) -> None:
        data = self._state.data
        data.rows = trial.rows()
        data.verdict = trial.predicted.verdict.value
        data.reason = trial.predicted.reasons[0] if trial.predicted.reasons else ""
        data.unchanged = trial.unchanged
        data.note = note
        data.measuring = self._wanted is not None and trial.dose != self._wanted.dose
