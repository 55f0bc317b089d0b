"""QuizPanel: the widgets of the quiz."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.quality.verdict import Verdict
from ContourQALib.workstation.teach.quiz import NO, ROUNDS, YES
from ContourQALib.workstation.teach.quiz_game import MOST_SEED, QuizGame
from ContourQALib.workstation.teach.teach_state import QuizState
from ContourQALib.workstation.theme import ACCENT, COMPACT, VERDICT_COLORS, testid

RULES = (
    f"{ROUNDS} rounds. Each shows contours that were spoiled on purpose, without the reference, as in daily "
    "work. Look at each, then answer. The differences grow smaller from round to round."
)


class QuizPanel:
    """The second half of the page.

    Args:
        game: plays the quiz.
        state: what is shown of it.
    """

    def __init__(self, game: QuizGame, state: TypedState[QuizState]) -> None:
        self._game = game
        self._state = state

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self._state.name
        with html.Div(v_if=(f"{names.stage} === 'idle'",), classes="mt-2"):
            html.P(RULES)
        with html.Div(v_if=(f"{names.stage} === 'idle' || {names.stage} === 'done'",)):
            self._summary()
            self._start()
        with html.Div(v_else=True, classes="mt-2"):
            self._header()
            html.Div("Drawing contours …", v_if=(f"{names.stage} === 'drawing'",), classes="cqa-muted mt-6")
            with html.Div(v_else=True):
                html.P(
                    f"{{{{ {names.question} }}}}", classes="cqa-teach-question", **testid("teach-question")
                )
                self._looking()
                with html.Div(v_if=(f"{names.stage} === 'asked'",)):
                    self._answering()
                with html.Div(v_else=True):
                    self._truth()

    def _summary(self) -> None:
        names = self._state.name
        with html.Div(v_if=(f"{names.stage} === 'done'",), classes="mt-2", **testid("teach-summary")):
            html.P(
                "{{ line }}",
                v_for=(f"(line, at) in {names.summary}",),
                key=("at",),
                classes=("at === 0 ? 'cqa-teach-question' : 'mb-2'",),
            )

    def _start(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex align-center mt-4", style="gap: 8px;"):
            v3.VTextField(
                v_model=(names.seed,),
                label="Quiz number",
                type="number",
                style="max-width: 130px;",
                **COMPACT,
                title="The same number is the same quiz, for a whole class",
                raw_attrs=['min="0"', f'max="{MOST_SEED}"', *testid("teach-quiz-seed")["raw_attrs"]],
            )
            v3.VBtn(
                "Start",
                color=ACCENT,
                variant="flat",
                prepend_icon="mdi-play",
                click=self._game.begin,
                **testid("teach-quiz-start"),
            )

    def _header(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex align-center", style="gap: 16px;"):
            html.Span(f"Round {{{{ {names.round} }}}} of {{{{ {names.rounds} }}}}", **testid("teach-round"))
            html.Span(f"{{{{ {names.right} }}}} right", **testid("teach-right"))
            html.Span(f"streak {{{{ {names.streak} }}}}", **testid("teach-streak"))
            v3.VSpacer()
            v3.VBtn(
                "End",
                size="small",
                variant="text",
                click=self._game.stop,
                title="End this quiz",
                **testid("teach-quiz-end"),
            )
        v3.VProgressLinear(
            model_value=(f"100 * {names.round} / {names.rounds}",), height=3, color=ACCENT, classes="mt-1"
        )

    def _looking(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex mt-2", style="gap: 8px;"):
            v3.VBtn(
                "{{ letter }}",
                v_for=(f"letter in {names.letters}",),
                key=("letter",),
                variant=(f"{names.shown} === letter ? 'flat' : 'tonal'",),
                color=(f"{names.shown} === letter ? '{ACCENT}' : undefined",),
                append_icon=(f"{names.seen}.includes(letter) ? 'mdi-eye-check-outline' : 'mdi-eye-outline'",),
                classes="flex-1-1",
                click=(self._game.look, "[letter]"),
                **testid("`teach-look-${letter}`"),
            )

    def _answering(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex mt-4", style="gap: 8px;"):
            v3.VBtn(
                f"My answer: {{{{ {names.shown} }}}}",
                v_if=(f"!{names.yes_or_no}",),
                color=ACCENT,
                variant="flat",
                block=True,
                disabled=(f"{names.seen}.length < {names.letters}.length",),
                click=(self._game.answer, f"[{names.shown}]"),
                **testid("teach-answer"),
            )
            for text, value in (("Acceptable", YES), ("Not acceptable", NO)):
                v3.VBtn(
                    text,
                    v_if=(names.yes_or_no,),
                    color=ACCENT,
                    variant="flat",
                    classes="flex-1-1",
                    click=(self._game.answer, f"['{value}']"),
                    **testid(f"teach-answer-{value}"),
                )
        html.Div(
            "Look at every contour first.",
            v_if=(f"!{names.yes_or_no} && {names.seen}.length < {names.letters}.length",),
            classes="cqa-muted mt-1",
        )

    def _truth(self) -> None:
        names = self._state.name
        right, wrong = VERDICT_COLORS[Verdict.ACCEPT], VERDICT_COLORS[Verdict.REJECT]
        with html.Div(
            classes="d-flex align-center mt-4",
            style=(f"{{color: {names.was_right} ? '{right}' : '{wrong}'}}",),
            **testid("teach-outcome"),
        ):
            v3.VIcon(icon=(f"{names.was_right} ? 'mdi-check-circle' : 'mdi-close-circle'",), classes="mr-2")
            html.Span(f"{{{{ {names.was_right} ? 'Right.' : 'Not right.' }}}}", classes="cqa-teach-question")
        html.P("{{ line }}", v_for=(f"(line, at) in {names.why}",), key=("at",), classes="mb-2")
        html.P(f"{{{{ {names.model} }}}}", classes="mb-2", **testid("teach-model"))
        with v3.VTable(density="compact", classes="cqa-teach-table", **testid("teach-truth")):
            with html.Thead():
                with html.Tr():
                    html.Th("", colspan=2)
                    html.Th("Dice", colspan=2)
                    html.Th("HD95, mm", colspan=2)
                with html.Tr():
                    for title in ("", "error", "true", "pred.", "true", "pred."):
                        html.Th(title)
            with (
                html.Tbody(),
                html.Tr(
                    v_for=(f"row in {names.rows}",),
                    key=("row.letter",),
                    classes=("row.kind ? 'cqa-teach-' + row.kind : ''",),
                ),
            ):
                html.Td("{{ row.letter }}")
                html.Td("{{ row.error }}")
                html.Td("{{ row.dice }}", classes="cqa-teach-true")
                html.Td("{{ row.predicted_dice }}", classes="cqa-teach-said")
                html.Td("{{ row.hd95 }}", classes="cqa-teach-true")
                html.Td("{{ row.predicted_hd95 }}", classes="cqa-teach-said")
        v3.VBtn(
            f"{{{{ {names.round} < {names.rounds} ? 'Next' : 'Summary' }}}}",
            color=ACCENT,
            variant="flat",
            append_icon="mdi-chevron-right",
            classes="mt-4",
            click=self._game.next_round,
            **testid("teach-next"),
        )
