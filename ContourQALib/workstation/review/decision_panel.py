"""DecisionPanel: accept, edit or reject, with a note; what was decided before, and what comes next."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.decisions.decision import Choice, Decision, storable
from ContourQALib.workstation.editing.stroke_editing import Tool
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.deciding import Deciding, NoReaderError, NothingEditedError
from ContourQALib.workstation.review.decision_state import (
    CHOICE_ICONS,
    CHOICE_WORDS,
    MAXIMUM_NOTE,
    compared,
    decision_state,
    history_line,
)
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid

BUTTONS = ((Choice.ACCEPT, "Accept", "a"), (Choice.EDIT, "Edit", "e"), (Choice.REJECT, "Reject", "r"))

ASK = "review_decide"
"""Trigger of the page, with the choice and with the case and the structure that it shows."""

FOCUS_READER = "window.document.querySelector('[data-testid=shell-reader] input')?.focus()"

STILL_HIDDEN = "Switched off from the next case on: here the scores stay hidden until you have decided."
SEEN_BEFORE = "This score may have been on screen before: your call will not count as made without it."


class DecisionPanel:
    """The panel's widgets, and what its buttons do.

    Notes that are typed for different structures are kept apart until they are used, or the case is left.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.deciding = Deciding(session)
        self._typed = decision_state(session.state)
        self._notes: dict[str, str] = {}
        self._structure = ""
        self._calls: dict[str, Decision] = {}
        self._focus: client.JSEval | None = None
        self._typed.data.call_first = session.call_first.enabled
        self.deciding.changed.connect(self._on_news)
        for signal in (session.assessed, session.edited, session.call_first.changed, session.strokes.changed):
            signal.connect(self._on_news)
        session.structure_selected.connect(self._on_selected)
        session.case_closing.connect(self._on_closing)
        session.state.change(self._typed.name.call_first)(self._on_switch)
        session.state.change("shell_reader")(self._on_news)
        session.controller.trigger(ASK)(self.ask)

    def ask(self, choice: str, case: str, structure: str) -> None:
        """Decide on what the page showed when the reader pressed.

        Pressed twice, or on a slow line, another contour may have come into view meanwhile, which nobody has
        looked at yet: that one is not decided on.

        Args:
            choice: value of a `Choice`; another is passed over.
            case: name of the case that the page showed.
            structure: and of its structure.
        """
        if choice in set(Choice):
            self._begin(self._decide_on(Choice(choice), case, structure))

    async def decide(self, choice: Choice) -> None:
        """Decide on the selected structure and go to the next; after a blind call, show the score first."""
        case, structure = self._session.case, self._session.structure
        if self.deciding.busy:
            return  # pressed twice; the note belongs to the decision that is being written down
        try:
            made = await self.deciding.decide(choice, self._typed.data.note)
        except NoReaderError as error:
            self._session.tell(str(error), "warning")
            if self._focus is not None:
                self._focus.exec()
            return
        except NothingEditedError as error:
            self._session.strokes.use(Tool.PAINT)
            self._session.tell(str(error), "info")
            return
        if case is not self._session.case:
            return
        if made is None:
            self._forget_note(structure)  # it waits with its decision
            return
        self._forget_note(structure)
        saved = f" The contour is in {made.edited_file}." if made.edited_file else ""
        self._session.tell(f"{structure} {CHOICE_WORDS[made.choice]}.{saved}", "success")
        if made.score_hidden:
            self._calls[structure] = made
            self._show()
        else:
            self._calls.pop(structure, None)
            self.go_on()

    def go_on(self) -> None:
        """Put the tool away and select the next structure to decide on; stay where there is none."""
        self._session.strokes.use(Tool.NONE)
        name = self.deciding.next_undecided()
        if name:
            self._session.select_structure(name)
        else:
            self._show()

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        self._focus = client.JSEval(exec=FOCUS_READER)
        with html.Div(classes="cqa-decide", **testid("review-decision")):
            self._compared_line()
            with html.Div(classes="cqa-decide-buttons"):
                for choice, text, key in BUTTONS:
                    self._button(choice, text, key)
            html.Textarea(
                v_model=(self._typed.name.note,),
                rows=2,
                maxlength=MAXIMUM_NOTE,
                placeholder="Note (kept with the decision)",
                raw_attrs=['aria-label="Note"', *testid("review-note")["raw_attrs"]],
            )
            self._pending_line()
            self._history()
            self._last_line()

    def _button(self, choice: Choice, text: str, key: str) -> None:
        names = self._typed.name
        titles = {
            Choice.ACCEPT: "The contour can be used as it is",
            Choice.EDIT: "Keep the edited contour: it is saved beside the original",
            Choice.REJECT: "The contour cannot be used",
        }
        with html.Button(
            type="button",
            click=f"trigger('{ASK}', ['{choice}', shell_case, shell_structure])",
            disabled=(f"{names.busy} || !shell_structure",),
            title=f"{titles[choice]} (key {key})",
            classes=f"cqa-decide-{choice.value}",
            **testid(f"review-{choice.value}"),
        ):
            v3.VIcon(CHOICE_ICONS[choice], size=18)
            html.Span(text)
            html.Kbd(key)

    def _compared_line(self) -> None:
        """The reader's own call beside the model's, once it is made; before that, that it comes first."""
        names = self._typed.name
        with html.Div(
            v_if=(f"{names.compared}.you",), classes="cqa-decide-compared", **testid("review-compared")
        ):
            with html.Div():
                html.Span("You: ")
                html.B(
                    f"{{{{ {names.compared}.you }}}}", classes=(f"'cqa-decide-' + {names.compared}.choice",)
                )
            with html.Div():
                html.Span("Model: ")
                html.B(
                    f"{{{{ {names.compared}.model }}}}",
                    classes=(f"'cqa-decide-' + {names.compared}.verdict",),
                )
            html.Small(f"{{{{ {names.compared}.reason }}}}")
            with html.Div(classes="cqa-decide-next"):
                html.Span("Keep your call, or decide again below.", classes="cqa-muted")
                html.Button("Keep and go on", type="button", click=self.go_on, **testid("review-keep-call"))
        with html.Div(
            v_else_if=(names.call_note,), classes="cqa-decide-hidden", **testid("review-call-note")
        ):
            v3.VIcon("mdi-eye-off-outline", size=16)
            html.Span(f"{{{{ {names.call_note} }}}}")

    def _pending_line(self) -> None:
        names = self._typed.name
        with html.Div(
            v_if=(f"{names.pending}.length",), classes="cqa-decide-pending", **testid("review-pending")
        ):
            html.Div(f"Not saved yet: {{{{ {names.pending}.join('; ') }}}}.")
            html.Small(f"{{{{ {names.problem} }}}}")
            html.Button(
                "Try again",
                type="button",
                click=lambda: self._begin(self.deciding.try_again()),
                **testid("review-try-again"),
            )

    def _history(self) -> None:
        names = self._typed.name
        with (
            html.Div(
                v_if=(f"{names.history}.length",), classes="cqa-decide-history", **testid("review-history")
            ),
            html.Div(v_for=f"line in {names.history}", key=("line.number",)),
        ):
            v3.VIcon(icon=("line.icon",), size=14, classes=("'cqa-decide-' + line.choice",))
            html.Span("{{ line.word }} by {{ line.reader }}, {{ line.when }}")
            html.Small("before the score", v_if=("line.blind",))
            html.Small("another contour than this one", v_if=("line.other",))
            html.Em("{{ line.note }}", v_if=("line.note",), title=("line.note",))
            html.Button(
                "show",
                v_if=("line.file && line.other",),
                type="button",
                title=("'Show the edited contour of ' + line.file",),
                click=(self._load, "[line.number]"),
                **testid("review-history-load"),
            )

    def _last_line(self) -> None:
        names = self._typed.name
        with html.Div(classes="cqa-decide-last"):
            html.Button(
                f"Next: {{{{ {names.next} }}}}",
                v_if=(names.next,),
                type="button",
                click=self.go_on,
                title="The riskiest structure that nobody has decided on",
                **testid("review-next-undecided"),
            )
            html.Span(classes="cqa-edit-gap")
            with html.Label(title="Hide every score until you have decided: it cannot lead you then"):
                html.Input(
                    type="checkbox",
                    v_model=(names.call_first,),
                    **testid("review-call-first"),
                )
                html.Span("My call first")

    async def _decide_on(self, choice: Choice, case: str, structure: str) -> None:
        """As `ask`; looked at when the decision begins: another contour may have been chosen right after."""
        there = self._session.case
        shown = (storable(there.entry.name), storable(self._session.structure)) if there else None
        if shown == (storable(case), storable(structure)):
            await self.decide(choice)
        elif not self._is_made(choice, case, structure):
            self._session.tell(
                "Nothing was decided: another contour came into view right before; look at it first.",
                "warning",
            )

    def _call_note(self, case: str, structure: str) -> str:
        """What a reader should know of a hidden score, beyond that it is hidden."""
        mode = self._session.call_first
        if not mode.hides(case, structure):
            return ""
        if not mode.enabled:
            return STILL_HIDDEN
        return "" if mode.is_blind(case, structure) else SEEN_BEFORE

    def _is_made(self, choice: Choice, case: str, structure: str) -> bool:
        """Whether this is the latest decision already, and was merely pressed twice."""
        latest = self._session.known_decisions.latest(case, structure)
        return latest is not None and latest.choice is choice

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work; a click that waited for its end would let all that is done meanwhile wait too."""
        self._session.start(work)

    def _load(self, number: int) -> None:
        for decision in self.deciding.history(self._session.structure):
            if decision.number == number:
                self._session.start(self.deciding.load_edited(decision))

    def _forget_note(self, structure: str) -> None:
        self._notes.pop(structure, None)
        if structure == self._session.structure:
            with self._session.state:
                self._typed.data.note = ""

    def _on_selected(self, structure: str) -> None:
        self._notes[self._structure] = self._typed.data.note
        self._structure = structure
        self._typed.data.note = self._notes.get(structure, "")
        self._show()

    def _on_closing(self, _case: OpenCase) -> None:
        self._notes.clear()
        self._calls.clear()
        self._structure = ""
        with self._session.state:
            self._typed.data.note = ""

    def _on_switch(self, **_: object) -> None:
        self._session.call_first.switch(bool(self._typed.data.call_first))

    def _on_news(self, *_: object, **__: object) -> None:
        self._show()

    def _show(self) -> None:
        session, data, case = self._session, self._typed.data, self._session.case
        structure, deciding = session.structure, self.deciding
        with session.state:
            data.next = deciding.next_undecided()
            data.busy = deciding.busy
            data.pending = [f"{one.choice} {one.structure}" for one in deciding.pending]
            data.problem = deciding.problem
            data.call_first = session.call_first.enabled
            name = case.entry.name if case else ""
            data.call_note = self._call_note(name, structure) if case else ""
            call = self._calls.get(structure)
            data.compared = compared(call, case.found(structure)) if call is not None and case else {}
            history = deciding.history(structure)
            sha256 = session.strokes.hash_of(structure) if history else ""
            data.history = [history_line(one, sha256) for one in history]
