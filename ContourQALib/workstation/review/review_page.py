"""ReviewPage."""

from __future__ import annotations

from trame.widgets import html

from ContourQALib.workstation.session import Session


class ReviewPage:
    """The Review page.

    Args:
        session: what the pages share.
    """

    name = "review"
    title = "Review"
    icon = "mdi-eye-check-outline"
    needs_case = True
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        html.Div("Review")
