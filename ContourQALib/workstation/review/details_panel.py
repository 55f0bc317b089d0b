"""DetailsPanel: the reasons and figures of the selected structure, and the card of its model."""

from __future__ import annotations

import asyncio

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.review.findings import Findings
from ContourQALib.workstation.review.model_card import card_of
from ContourQALib.workstation.review.review_state import Typed
from ContourQALib.workstation.review.structure_details import details_of
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid


class DetailsPanel:
    """Below the table.

    Args:
        session: what the pages share.
        findings: what may be shown.
        typed: the page's values.
    """

    def __init__(self, session: Session, findings: Findings, typed: Typed) -> None:
        self._session, self._findings, self._typed = session, findings, typed
        findings.changed.connect(self.update)
        session.structure_selected.connect(self._on_selected)

    def build(self) -> None:
        """Make the widgets."""
        details = self._typed.name.details
        with html.Div(
            v_if=(f"{details}.known",),
            classes=(f"['cqa-review-details', {details}.outdated && 'cqa-review-outdated']",),
            title=(f"{details}.outdated ? 'Of the contour before it was changed' : ''",),
            **testid("review-details"),
        ):
            with html.Div(classes="cqa-review-title"):
                v3.VIcon(icon=(f"{details}.icon",), size=18, color=(f"{details}.ink",))
                html.B(f"{{{{ {details}.name }}}}")
                html.Span(f"{{{{ {details}.verdict }}}}", style=(f"{{color: {details}.ink}}",))
            with html.Ul(v_if=(f"{details}.reasons.length",), **testid("review-reasons")):
                html.Li("{{ reason }}", v_for=f"reason in {details}.reasons", key=("reason",))
            with (
                html.Div(classes="cqa-review-figures"),
                html.Div(v_for=f"one in {details}.figures", key=("one.title",)),
            ):
                html.Small("{{ one.title }}")
                html.B("{{ one.value }} {{ one.unit }}")
                html.Small("{{ one.bounds }}", v_if=("one.bounds",))
                html.Small("{{ one.was }}", v_if=("one.was",), classes="cqa-review-was")
            with html.Div(classes="cqa-review-notes"):
                with html.Div(
                    classes=(f"{{'cqa-review-warning': {details}.novel}}",), **testid("review-novelty")
                ):
                    html.Span(f"{{{{ {details}.novelty }}}} ")
                    html.Span(
                        "{{ reason }}&nbsp; ", v_for=f"reason in {details}.noveltyReasons", key=("reason",)
                    )
                html.Div("{{ note }}", v_for=f"note in {details}.notes", key=("note",))
                with html.Div(v_if=(f"{details}.model",)):
                    html.Span(f"Predicted by {{{{ {details}.model }}}}. ")
                    html.Button("Model card", click=self.show_card, type="button", **testid("review-card"))
                html.Div(
                    f"{{{{ {details}.caution }}}}",
                    v_if=(f"{details}.caution",),
                    classes="cqa-review-warning",
                    **testid("review-caution"),
                )

    def build_card(self) -> None:
        """Make the dialog of the model card."""
        names = self._typed.name
        card = names.card
        with (
            v3.VDialog(v_model=(names.card_shown,), max_width=720, scrollable=True),
            v3.VCard(v_if=(f"{card}.title",), **testid("review-card-text")),
        ):
            with v3.VCardTitle(classes="cqa-review-dialog"):
                html.Span(f"{{{{ {card}.title }}}}")
                v3.VBtn(
                    icon="mdi-close",
                    size="small",
                    variant="text",
                    title="Close",
                    click=f"{names.card_shown} = false",
                    **testid("review-card-close"),
                )
            with v3.VCardText():
                html.P(
                    f"{{{{ {card}.caution }}}}", v_if=(f"{card}.caution",), classes="cqa-review-warning mb-3"
                )
                with html.Dl(classes="cqa-review-card"), html.Template(v_for=f"line in {card}.lines"):
                    html.Dt("{{ line.title }}")
                    html.Dd("{{ line.text }}")

    def update(self) -> None:
        """Show what is known now."""
        case = self._session.case
        finding = self._findings.of(self._session.structure)
        self._typed.data.details = details_of(finding, case.assessment if case else None)

    async def show_card(self) -> None:
        """Open the card of the model that answered for the selected structure."""
        case = self._session.case
        found = self._findings.of(self._session.structure).found
        if case is None or case.assessment is None or found is None:
            return
        identity = case.assessment.identity_of(found)
        if identity is None:
            return
        card = await asyncio.to_thread(card_of, identity, self._session.settings.model)
        with self._session.state:
            self._typed.data.card = card
            self._typed.data.card_shown = True

    def _on_selected(self, _structure: str) -> None:
        self.update()
