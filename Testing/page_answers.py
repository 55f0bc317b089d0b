"""What tests of a page wait for before they read it without waiting for a text of their own."""

from __future__ import annotations

from typing import Any

NO_VIEW = ["", 0]
"""A trigger that is passed over; its answer comes after all that the server said before."""


def answered(page: Any) -> None:
    """Returns once the server did what the page asked for so far, and the page shows what it said.

    What runs on after a click, such as an assessment or a picture, is not waited for.
    """
    page.evaluate(
        """async (nothing) => {
            const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            await drawn();
            await window.trame.trigger("views_step", nothing);
            await drawn();
        }""",
        NO_VIEW,
    )
