"""ShortcutKeys: the listener to the keyboard, and the dialog that lists the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.review.review_state import Typed
from ContourQALib.workstation.review.shortcuts import SHORTCUTS, help_groups, key_table
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid

FOLDER = Path(__file__).with_name("browser")
"""Served to the browser: nothing but scripts lies there."""

ADDRESS = "__contourqa_review"

TRIGGER = "review_key"


class ShortcutKeys:
    """Calls what a key stands for, while the page is shown and no text is typed.

    Args:
        session: what the pages share.
        typed: the page's values.
        actions: what to call, by the names in `SHORTCUTS`; decisions go to the decision panel instead.

    Raises:
        KeyError: an action of the table has nothing to call.
    """

    def __init__(self, session: Session, typed: Typed, actions: Mapping[str, Callable[[], Any]]) -> None:
        self._session, self._typed = session, typed
        self.actions = {one.action: actions[one.action] for one in SHORTCUTS if not one.decides}
        session.state.review_keys = key_table()
        session.server.enable_module(
            {"serve": {ADDRESS: str(FOLDER)}, "scripts": [f"{ADDRESS}/shortcuts.js"]}
        )
        session.controller.trigger(TRIGGER)(self.press)

    def press(self, action: str) -> None:
        """Do what a key stands for; a name that is not in the table is passed over."""
        if action in self.actions and self._session.case is not None:
            self.actions[action]()

    def build(self) -> None:
        """Make the dialog."""
        shown = self._typed.name.help_shown
        with v3.VDialog(v_model=(shown,), max_width=560), v3.VCard(**testid("review-help-dialog")):
            with v3.VCardTitle(classes="cqa-review-dialog"):
                html.Span("Keys of the review page")
                v3.VBtn(
                    icon="mdi-close",
                    size="small",
                    variant="text",
                    title="Close",
                    click=f"{shown} = false",
                    **testid("review-help-close"),
                )
            with v3.VCardText():
                for group, lines in help_groups():
                    html.H4(group)
                    with html.Dl(classes="cqa-review-keys"):
                        for keys, text in lines:
                            html.Dt(keys)
                            html.Dd(text)
                html.P(
                    "In the slice views: the wheel changes the slice, the right button zooms, the middle one "
                    "moves. No key works while a text is typed.",
                    classes="cqa-muted mt-3",
                )
