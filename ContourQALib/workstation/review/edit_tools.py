"""EditTools: brush and eraser, undo, and what happens with edits that lie in no file."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.editing.brush import LARGEST_MM, SMALLEST_MM
from ContourQALib.workstation.editing.stroke_editing import Tool
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.plain_values import PlainValues
from ContourQALib.workstation.review.shortcut_keys import ADDRESS, FOLDER
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid, typed_number

SLIDER_LARGEST_MM = 50
"""Larger brushes are typed or turned up with the wheel: a slider for all would not hit the small ones."""

LARGER = 1.15
"""One step of the wheel."""

TRIGGER = "review_brush"


@dataclass
class EditState:
    """Values of the tools.

    Attributes:
        tool: "paint", "erase" or "".
        size: diameter of the brush, mm.
        ball: whether it is a ball and not a disc.
        can_undo: whether there is a step to undo.
        can_redo: whether there is one to do again.
        edited: whether the selected structure differs from its file.
        unsaved: names of the structures whose contour lies in no file.
        next_case: the case that waits to be opened until these are saved or discarded; "" for none.
    """

    tool: str = ""
    size: float = 10.0
    ball: bool = False
    can_undo: bool = False
    can_redo: bool = False
    edited: bool = False
    unsaved: list[str] = field(default_factory=list)
    next_case: str = ""


class EditTools:
    """The tools' widgets.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._typed = TypedState(session.state, EditState, namespace="review_edit", encoder=PlainValues())
        for signal in (
            session.strokes.changed,
            session.edits.changed,
            session.edited,
            session.structure_selected,
            session.case_opened,
        ):
            signal.connect(self._on_news)
        session.case_closing.connect(self._on_closing)
        session.state.change(self._typed.name.size, self._typed.name.ball)(self._on_brush)
        session.server.enable_module({"serve": {ADDRESS: str(FOLDER)}, "scripts": [f"{ADDRESS}/brush.js"]})
        session.controller.trigger(TRIGGER)(self.turn)
        self._show()

    def undo(self) -> None:
        """Undo the last stroke."""
        self._session.strokes.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        self._session.strokes.redo()

    def toggle(self, tool: str) -> None:
        """Take a tool into the hand, or put it away."""
        strokes = self._session.strokes
        strokes.use(Tool.NONE if strokes.tool == tool else Tool(tool))

    def turn(self, steps: int) -> None:
        """Make the brush larger by steps of the wheel, smaller where they are negative."""
        self._session.strokes.resize(LARGER**steps)

    def back_to_file(self) -> None:
        """Make the selected structure what its file holds."""
        self._session.strokes.back_to_file(self._session.structure)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self._typed.name
        with html.Div(classes="cqa-edit", **testid("review-edit-tools")):
            self._tool(Tool.PAINT, "mdi-brush", "Paint", "Paint with the left button in a slice view")
            self._tool(Tool.ERASE, "mdi-eraser", "Erase", "Erase with the left button in a slice view")
            html.Input(
                type="range",
                min=SMALLEST_MM,
                max=SLIDER_LARGEST_MM,
                step=0.5,
                value=(names.size,),
                input=f"{names.size} = Number($event.target.value)",
                title="Size of the brush; shift and the wheel change it too",
                **testid("review-brush-slider"),
            )
            html.Input(
                min=SMALLEST_MM,
                max=LARGEST_MM,
                change=f"{names.size} = Number($event.target.value) || {names.size}",
                title="Diameter of the brush, mm",
                **typed_number("review-brush-size", names.size),
            )
            html.Span("mm", classes="cqa-muted")
            with html.Button(
                type="button",
                click=f"{names.ball} = !{names.ball}",
                classes=(f"{{'cqa-edit-on': {names.ball}}}",),
                title=(f"{names.ball} ? 'A ball: neighboring slices too' : 'A disc: this slice alone'",),
                **testid("review-brush-ball"),
            ):
                v3.VIcon(icon=(f"{names.ball} ? 'mdi-sphere' : 'mdi-circle-outline'",), size=16)
            html.Span(classes="cqa-edit-gap")
            self._step("mdi-undo", "Undo (z)", self.undo, f"!{names.can_undo}", "review-undo")
            self._step("mdi-redo", "Redo", self.redo, f"!{names.can_redo}", "review-redo")
            self._step(
                "mdi-file-undo-outline",
                "Back to what the file holds",
                self.back_to_file,
                f"!{names.edited}",
                "review-back-to-file",
            )
        self._unsaved_line()

    def _tool(self, tool: Tool, icon: str, text: str, title: str) -> None:
        with html.Button(
            type="button",
            click=(self.toggle, f"['{tool.value}']"),
            classes=(f"{{'cqa-edit-on': {self._typed.name.tool} === '{tool.value}'}}",),
            title=title,
            **testid(f"review-{tool.value}"),
        ):
            v3.VIcon(icon, size=16)
            html.Span(text)

    @staticmethod
    def _step(icon: str, title: str, do: Any, disabled: str, test_name: str) -> None:
        with html.Button(type="button", click=do, disabled=(disabled,), title=title, **testid(test_name)):
            v3.VIcon(icon, size=16)

    def _unsaved_line(self) -> None:
        """What is unsaved, and what to do with it; urgent where another case waits for it."""
        names, edits = self._typed.name, self._session.edits
        with html.Div(
            v_if=(f"{names.unsaved}.length",),
            classes=("{'cqa-edit-unsaved': true, 'cqa-edit-urgent': " + names.next_case + "}",),
            **testid("review-unsaved"),
        ):
            v3.VIcon("mdi-content-save-alert-outline", size=16)
            html.Span(
                f"Unsaved edits of {{{{ {names.unsaved}.join(', ') }}}}"
                f"{{{{ {names.next_case} ? ' \u2014 before ' + {names.next_case} + ' is opened:' : '' }}}}",
                classes="cqa-edit-text",
            )
            for text, do, title, test_name in (
                ("Save", edits.save_and_go, "Save beside the original, never over it", "save"),
                ("Discard", edits.discard_and_go, "Back to what the file holds", "discard"),
            ):
                html.Button(
                    f"{{{{ {names.next_case} ? '{text} and open' : '{text}' }}}}",
                    type="button",
                    click=lambda do=do: self._begin(do()),
                    title=title,
                    **testid(f"review-unsaved-{test_name}"),
                )
            html.Button(
                "Stay",
                v_if=(names.next_case,),
                type="button",
                click=edits.stay,
                **testid("review-unsaved-stay"),
            )

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work; a click that waited for its end would let all that is done meanwhile wait too."""
        self._session.start(work)

    def _on_news(self, *_: object) -> None:
        self._show()

    def _on_closing(self, _case: OpenCase) -> None:
        self._show()

    def _on_brush(self, **_: object) -> None:
        data, brush = self._typed.data, self._session.strokes.brush
        if (data.size, data.ball) != (brush.diameter_mm, brush.ball):
            self._session.strokes.set_brush(diameter_mm=float(data.size), ball=bool(data.ball))

    def _show(self) -> None:
        session, data = self._session, self._typed.data
        strokes, case = session.strokes, session.case
        with session.state:
            data.tool = strokes.tool.value
            session.state.review_brush_on = strokes.tool is not Tool.NONE
            data.size = strokes.brush.diameter_mm
            data.ball = strokes.brush.ball
            data.can_undo, data.can_redo = strokes.can_undo, strokes.can_redo
            data.edited = case is not None and session.structure in case.edited
            data.unsaved = list(strokes.unsaved)
            data.next_case = session.edits.next_case
