"""StructureTable: the contours of the open case, the riskiest first."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import display_of
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.dice_bar import BAR_START, bar_percent
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.findings import Findings
from ContourQALib.workstation.review.review_state import Typed
from ContourQALib.workstation.review.structure_rows import STATES, row_of
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid

HIDDEN_TEXT = "Your call first: decide, then the model's score is shown."

BAR_TIP = f"From {BAR_START:g} to 1, with its interval; the lines mark the reject and the accept level"


class StructureTable:
    """A row a contour; a click selects it, its eye shows or hides it.

    Args:
        session: what the pages share.
        findings: what may be shown.
        typed: the page's values.
    """

    def __init__(self, session: Session, findings: Findings, typed: Typed) -> None:
        self._session, self._findings, self._typed = session, findings, typed
        findings.changed.connect(self.update)
        session.known_decisions.changed.connect(self.update)

    def build(self) -> None:
        """Make the widgets."""
        names = self._typed.name
        with html.Div(classes="cqa-review-structures"), html.Table(classes="cqa-review-table"):
            with html.Thead(), html.Tr():
                html.Th("", classes="cqa-review-eye")
                html.Th("Structure")
                html.Th("Verdict")
                html.Th("Predicted Dice", title=BAR_TIP)
                html.Th("HD95", classes="cqa-review-number", title="Predicted, mm")
                html.Th("", classes="cqa-review-marks")
            with (
                html.Tbody(),
                html.Tr(
                    v_for=f"row in {names.rows}",
                    key=("row.name",),
                    classes=("{'cqa-review-selected': row.name === shell_structure}",),
                    click=(self.select, "[row.name]"),
                    **testid("`review-row-${row.name}`"),
                ),
            ):
                self._name_cells()
                self._figure_cells(names.levels)
        html.Div(
            HIDDEN_TEXT,
            v_if=(names.any_hidden,),
            classes="cqa-review-hidden",
            **testid("review-hidden"),
        )

    def update(self) -> None:
        """Show what is known now."""
        case, data = self._session.case, self._typed.data
        if case is None:
            data.rows = []
            return
        display = display_of(case.contours)
        drawn = {one.name: one for one in segmentations.segments_of(case.contours)}
        data.rows = [
            row_of(
                one,
                drawn[one.structure].color,
                bool(display.GetSegmentVisibility(drawn[one.structure].id)),
                self._choice_of(case, one.structure),
            )
            for one in self._findings.ordered
        ]
        data.any_hidden = self._findings.any_hidden
        if case.assessment is not None:
            levels = case.assessment.levels
            data.levels = [bar_percent(levels.reject), bar_percent(levels.accept)]

    def select(self, structure: str) -> None:
        """Choose a structure."""
        case = self._session.case
        if case is not None and structure in case.segment_ids:
            self._session.select_structure(structure)

    def step(self, by: int) -> None:
        """Choose the structure so many rows below, above where negative."""
        self.select(self._findings.neighbor(self._session.structure, by))

    def toggle_visible(self, structure: str) -> None:
        """Show or hide a contour."""
        case = self._session.case
        segment_id = case.segment_ids.get(structure) if case else None
        if case is None or segment_id is None:
            return
        display = display_of(case.contours)
        display.SetSegmentVisibility(segment_id, not display.GetSegmentVisibility(segment_id))
        self.update()

    def _choice_of(self, case: OpenCase, structure: str) -> Choice | None:
        """The latest choice for a contour; None where nobody decided yet."""
        latest = self._session.known_decisions.latest(case.entry.name, structure)
        return latest.choice if latest is not None else None

    def _name_cells(self) -> None:
        with (
            html.Td(classes="cqa-review-eye"),
            html.Button(
                type="button",
                v_on_click_stop=(self.toggle_visible, "[row.name]"),
                style=("{color: row.color}",),
                title=("row.visible ? 'Hide this contour' : 'Show this contour'",),
                **testid("`review-eye-${row.name}`"),
            ),
        ):
            v3.VIcon(icon=("row.visible ? 'mdi-eye' : 'mdi-eye-off-outline'",), size=16)
        with html.Td(classes="cqa-review-name", title=("row.name",)):
            html.Span("{{ row.label }}")

    def _figure_cells(self, levels: str) -> None:
        with html.Template(v_if=("row.state === 'known'",)):
            with (
                html.Td(),
                html.Span(
                    classes="cqa-review-verdict",
                    style=("{color: row.ink, borderColor: row.ink}",),
                    title=("row.reason",),
                ),
            ):
                v3.VIcon(icon=("row.icon",), size=13)
                html.Span("{{ row.verdict }}", **testid("`review-verdict-${row.name}`"))
            with html.Td(title=("row.diceTip",)), html.Div(classes="cqa-review-dice"):
                with html.Div(v_if=("row.diceAt !== null",), classes="cqa-review-bar"):
                    html.I(v_for=f"level in {levels}", key=("level",), style=("{left: level + '%'}",))
                    span = "left: row.lowAt + '%', width: row.highAt - row.lowAt + '%'"
                    html.B(style=(f"{{{span}, background: row.ink}}",))
                    html.U(style=("{left: row.diceAt + '%', background: row.ink}",))
                html.Span("{{ row.dice }}", **testid("`review-dice-${row.name}`"))
                html.Small(
                    "{{ row.change }}",
                    v_if=("row.change",),
                    title="Change of predicted Dice since the file",
                    **testid("`review-change-${row.name}`"),
                )
            html.Td("{{ row.hd95 }}", classes="cqa-review-number", title=("row.hd95Tip",))
        with (
            html.Template(v_else=True),
            html.Td(colspan=3, classes="cqa-review-state", **testid("`review-state-${row.name}`")),
        ):
            v3.VProgressLinear(
                v_if=("row.state === 'assessing' || row.state === 'changed'",),
                indeterminate=True,
                height=2,
                classes="mb-1",
            )
            html.Span(f"{{{{ {STATES}[row.state] }}}}")
        with html.Td(classes="cqa-review-marks"):
            html.Span("?", v_if=("row.novel",), classes="cqa-review-novel", title=("row.novelTip",))
            v3.VIcon(
                icon="mdi-pencil-outline",
                v_if=("row.edited",),
                size=14,
                title="Changed since its file was read",
            )
            v3.VIcon(
                icon=("row.choiceIcon",),
                v_if=("row.choice",),
                size=15,
                title=("'Decided: ' + row.choice",),
                **testid("`review-choice-${row.name}`"),
            )
