"""TeachPage: errors made on purpose, and a quiz; needs no files."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.teach.case_choice import CaseChoice
from ContourQALib.workstation.teach.experiment import Experiment
from ContourQALib.workstation.teach.experiment_panel import ExperimentPanel
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.quiz_game import QuizGame
from ContourQALib.workstation.teach.quiz_panel import QuizPanel
from ContourQALib.workstation.teach.teach_scene import TeachScene
from ContourQALib.workstation.teach.teach_state import NAMESPACE, PHANTOM, QUIZ, TRY, QuizState, TeachState
from ContourQALib.workstation.teach.teaching_case import TeachingCase
from ContourQALib.workstation.theme import COMPACT, testid


class TeachPage:
    """What is taught with, and the two things to do with it.

    Nothing of it reaches the worklist or the decisions, and the open case is as it was when the page is left.

    Args:
        session: what the pages share.
    """

    name = "teach"
    title = "Teach"
    icon = "mdi-school-outline"
    needs_case = False
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self.state = TypedState(session.state, TeachState, namespace=NAMESPACE)
        self.quiz_state = TypedState(session.state, QuizState, namespace=NAMESPACE)
        self.scene = TeachScene(session.scene, session.views)
        measuring = Measuring(session.tasks.ask, session.settings.levels)
        self.experiment = Experiment(session, self.scene, measuring, self.state)
        self.game = QuizGame(session, self.scene, measuring, self.quiz_state)
        self._experiment_panel = ExperimentPanel(self.experiment, self.state)
        self._quiz_panel = QuizPanel(self.game, self.quiz_state)
        self._choice = CaseChoice(session, self.state)
        self._choice.taken.connect(self._on_taken)
        names = self.state.name
        self.state.bind_changes(
            {(names.source, names.seed): self._on_choice, names.half: lambda _: self._show_half()}
        )
        # before the shell tells the others: what they show then must not be taken for what was here before
        session.state.change("shell_page")(self._on_leaving)
        session.page_changed.connect(self._on_page)
        session.case_opened.connect(self._on_case_opened)
        session.case_closing.connect(self._on_case_closing)
        session.assessed.connect(self._on_assessed)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self.state.name
        with v3.VBtnToggle(
            v_model=(names.half,),
            mandatory=True,
            density="compact",
            variant="outlined",
            divided=True,
            classes="w-100",
        ):
            for value, text, icon in (
                (TRY, "Try errors", "mdi-flask-outline"),
                (QUIZ, "Quiz", "mdi-help-circle-outline"),
            ):
                v3.VBtn(text, value=value, prepend_icon=icon, classes="flex-1-1", **testid(f"teach-{value}"))
        with html.Div(classes="d-flex mt-3", style="gap: 8px;"):
            v3.VSelect(
                v_model=(names.source,),
                items=(names.sources,),
                label="Taught with",
                **COMPACT,
                **testid("teach-source"),
            )
            v3.VTextField(
                v_model=(names.seed,),
                v_if=(f"{names.source} === '{PHANTOM}'",),
                label="Seed",
                type="number",
                style="max-width: 92px;",
                **COMPACT,
                title="The same number is the same phantom",
                raw_attrs=['min="0"', *testid("teach-seed")["raw_attrs"]],
            )
        v3.VProgressLinear(
            indeterminate=True, height=2, style=(f"{{visibility: {names.loading} ? 'visible' : 'hidden'}}",)
        )
        with html.Div(v_show=(f"{names.half} === '{TRY}'",)):
            self._experiment_panel.build()
        with html.Div(v_show=(f"{names.half} === '{QUIZ}'",)):
            self._quiz_panel.build()

    def _on_leaving(self, shell_page: str, **_: Any) -> None:
        if shell_page != self.name:
            self.scene.leave()

    def _on_page(self, page: str) -> None:
        if page != self.name:
            return
        self._session.tasks.warm()
        self.scene.enter()
        self._choice.load()
        self._show_half()

    def _on_choice(self, *_: Any) -> None:
        if self.scene.active:
            self._choice.load()

    def _on_taken(self, case: TeachingCase | None, volume: Any) -> None:
        if case is not None:
            self.scene.show_case(case, volume)
        self.experiment.take(case)
        self.game.take(case)

    def _show_half(self) -> None:
        if not self.scene.active:
            return
        if self.state.data.half == TRY:
            self.game.pause()
            self.experiment.again()
        else:
            self.game.resume()

    def _on_case_opened(self, case: OpenCase) -> None:
        self._choice.on_opened(case)
        self.scene.was_replaced(case.volume)

    def _on_case_closing(self, case: OpenCase) -> None:
        self._choice.on_closing()
        self.scene.forget(case.volume)
        self.scene.was_replaced(None)

    def _on_assessed(self, _case: OpenCase) -> None:
        self.scene.hide_others()
