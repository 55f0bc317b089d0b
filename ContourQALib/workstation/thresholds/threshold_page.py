"""ThresholdPage."""

from __future__ import annotations

from trame.widgets import html

from ContourQALib.workstation.session import Session


class ThresholdPage:
    """The Thresholds page.

    Args:
        session: what the pages share.
    """

    name = "thresholds"
    title = "Thresholds"
    icon = "mdi-tune-variant"
    needs_case = True
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        html.Div("Thresholds")
