"""What tests of a page wait for: answers of the server, and pictures that have come to rest."""

from __future__ import annotations

from typing import Any

LOOK_MS, TRIES = 500, 120
"""How often a picture is looked at, and how many times."""

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


def settled(page: Any, place: str) -> bytes:
    """A part of the page as a picture, PNG, once it does not change any more.

    Args:
        page: playwright's.
        place: selector of the part.
    """
    answered(page)
    last = b""
    for _ in range(TRIES):
        page.wait_for_timeout(LOOK_MS)
        last, before = page.locator(place).first.screenshot(), last
        if last == before:
            return last
    raise AssertionError("the picture is drawn on and on")


def changed(page: Any, place: str, before: bytes) -> bytes:
    """The part of the page once it is unlike an earlier picture, and does not change any more."""
    for _ in range(TRIES):
        page.wait_for_timeout(LOOK_MS)
        if page.locator(place).first.screenshot() != before:
            return settled(page, place)
    raise AssertionError("nothing changed in the picture")
