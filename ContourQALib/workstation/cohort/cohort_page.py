"""CohortPage."""

from __future__ import annotations

from trame.widgets import html

from ContourQALib.workstation.session import Session


class CohortPage:
    """The Cohort page.

    Args:
        session: what the pages share.
    """

    name = "cohort"
    title = "Cohort"
    icon = "mdi-chart-box-outline"
    needs_case = False
    uses_views = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        html.Div("Cohort")
