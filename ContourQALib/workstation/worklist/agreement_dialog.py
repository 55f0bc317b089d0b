"""AgreementDialog: how often readers did what the model's verdict said."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.theme import testid

CAUTION = (
    "Accept agrees with accept; edit and reject agree with review and reject. A reader's first decision on a "
    "contour counts. Where the score was in sight, agreement is partly the score's doing."
)


class AgreementDialog:
    """Draws `WorklistState.agreement`.

    Args:
        names: the page's state variables by field.
    """

    def __init__(self, names: Any) -> None:
        self._names = names

    def build(self) -> None:
        """Make the dialog, inside the container that is open."""
        n = self._names
        with (
            v3.VDialog(v_model=(n.agreement_open,), width=640),
            v3.VCard(classes="cqa-worklist-agreement", **testid("worklist-agreement-dialog")),
        ):
            v3.VCardTitle("Readers and model")
            with v3.VCardText():
                html.P(
                    "Nobody has decided on a contour with a verdict yet.",
                    v_if=(f"!({n.agreement}.blocks || []).length",),
                    classes="cqa-muted",
                )
                with html.Div(v_for=f"block in {n.agreement}.blocks", key=("block.title",)):
                    self._block()
                self._readers()
                html.P(CAUTION, classes="cqa-muted")
            with v3.VCardActions():
                v3.VSpacer()
                v3.VBtn("Close", click=f"{n.agreement_open} = false", **testid("worklist-agreement-close"))

    def _block(self) -> None:
        html.H4("{{ block.title }}")
        with html.Table():
            with html.Thead(), html.Tr():
                html.Th("Model's verdict", raw_attrs=['scope="col"'])
                html.Th(
                    "Reader: {{ choice }}",
                    v_for=f"choice in {self._names.agreement}.choices",
                    key=("choice",),
                    raw_attrs=['scope="col"'],
                )
            with html.Tbody(), html.Tr(v_for="row in block.rows", key=("row.verdict",)):
                html.Th("{{ row.verdict }}", raw_attrs=['scope="row"'])
                html.Td("{{ count }}", v_for="(count, at) in row.counts", key=("at",))
        html.P(
            "Agreeing {{ block.agreeing }}; accepted by the model alone {{ block.missed }}; "
            "accepted by the reader alone {{ block.false_alarms }}."
        )

    def _readers(self) -> None:
        readers = f"{self._names.agreement}.readers"
        with html.Table(v_if=(f"({readers} || []).length > 1",)):
            with html.Thead(), html.Tr():
                for title in ("Reader", "Agreeing", "By the model alone", "By the reader alone"):
                    html.Th(title, raw_attrs=['scope="col"'])
            with html.Tbody(), html.Tr(v_for=f"one in {readers}", key=("one.reader",)):
                html.Th("{{ one.reader }}", raw_attrs=['scope="row"'])
                html.Td("{{ one.agreeing }}")
                html.Td("{{ one.missed }}")
                html.Td("{{ one.false_alarms }}")
