"""WorklistPage."""

from __future__ import annotations

from trame.widgets import html

from ContourQALib.workstation.session import Session


class WorklistPage:
    """The Worklist page.

    Args:
        session: what the pages share.
    """

    name = "worklist"
    title = "Worklist"
    icon = "mdi-format-list-bulleted"
    needs_case = False
    uses_views = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        html.Div("Worklist")
