"""SourceBar: whose contours are compared with whose, how far that is, and what to know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation import theme
from ContourQALib.workstation.theme import COMPACT, testid

OUTLINE_TIP = "Show or hide the outline in the views"


class SourceBar:
    """The page's head.

    Args:
        names: the page's state variables by field.
        offer: does what the notice offers.
        cancel: ends the comparison.
    """

    def __init__(self, names: Any, offer: Callable[[], None], cancel: Callable[[], None]) -> None:
        self._names, self._offer, self._cancel = names, offer, cancel

    def build(self) -> None:
        """Make the widgets."""
        with html.Div(classes="cqa-compare-head"):
            self._question()
            self._sources()
            self._progress()
            self._notice()

    def _question(self) -> None:
        n = self._names
        with html.Div(v_if=(f"{n.sources}.length > 1",), classes="cqa-compare-question"):
            v3.VSelect(
                v_model=(n.reference,),
                items=(n.sources,),
                item_title="title",
                item_value="name",
                label="Measured against",
                **COMPACT,
                **testid("compare-reference"),
            )
            v3.VTextField(
                model_value=(n.tolerance_mm,),
                change=f"{n.tolerance_mm} = Number($event.target.value)",
                label="Tolerance",
                title="Tolerance of surface Dice, mm",
                type="number",
                suffix="mm",
                style="max-width: 112px;",
                **COMPACT,
                raw_attrs=['min="0"', 'step="0.5"', *testid("compare-tolerance")["raw_attrs"]],
            )

    def _sources(self) -> None:
        n = self._names
        others = f"{n.sources}.map((one) => one.name).filter((one) => one !== {n.reference})"
        toggle = f"{n.shown} = {others}.filter((one) => {n.shown}.includes(one) !== (one === source.name))"
        outline = (
            f"{n.hidden} = {n.hidden}.includes(source.name) "
            f"? {n.hidden}.filter((one) => one !== source.name) : [...{n.hidden}, source.name]"
        )
        is_reference = f"source.name === {n.reference}"
        with (
            html.Div(v_if=(n.reference,), classes="cqa-compare-sources"),
            html.Div(
                v_for=f"source in {n.sources}",
                key=("source.name",),
                classes=(
                    f"['cqa-compare-source', {{off: !({is_reference}) && !{n.shown}.includes(source.name)}}]",
                ),
            ),
        ):
            with html.Button(
                click=f"!({is_reference}) && ({toggle})",
                title=(f"{is_reference} ? 'What the others are measured against' : 'Compare it or not'",),
                raw_attrs=[
                    ':data-testid="`compare-source-${source.name}`"',
                    f':aria-pressed="{is_reference} || {n.shown}.includes(source.name)"',
                    'type="button"',
                ],
            ):
                html.I(style=("{background: source.color}",))
                html.Span("{{ source.title }}")
            with html.Button(
                click=outline,
                title=OUTLINE_TIP,
                raw_attrs=[
                    ':data-testid="`compare-outline-${source.name}`"',
                    f':aria-pressed="!{n.hidden}.includes(source.name)"',
                    'type="button"',
                ],
            ):
                v3.VIcon(
                    icon=(f"{n.hidden}.includes(source.name) ? 'mdi-eye-off-outline' : 'mdi-eye-outline'",),
                    size=15,
                )

    def _progress(self) -> None:
        n = self._names
        with html.Div(v_if=(n.step,), classes="cqa-compare-progress", **testid("compare-progress")):
            v3.VProgressLinear(
                model_value=(n.percent,), indeterminate=(f"!{n.percent}",), color=theme.ACCENT, height=4
            )
            html.Span(f"{{{{ {n.step} }}}}")
            v3.VBtn("Cancel", click=self._cancel, size="x-small", variant="tonal", **testid("compare-cancel"))

    def _notice(self) -> None:
        n = self._names
        with html.Div(
            v_if=(n.notice,),
            classes="cqa-compare-notice",
            style=(f"{{borderColor: {theme.MESSAGE_COLORS}[{n.notice_kind}]}}",),
            raw_attrs=['role="status"', *testid("compare-notice")["raw_attrs"]],
        ):
            html.Span(f"{{{{ {n.notice} }}}}")
            v3.VBtn(
                f"{{{{ {n.offer} }}}}",
                v_if=(n.offer,),
                click=self._offer,
                size="small",
                variant="tonal",
                **testid("compare-offer"),
            )
