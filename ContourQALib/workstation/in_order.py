"""keep_order: what a reader typed reaches the server before the click or key that follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("browser")
"""Served to the browser: nothing but scripts lies there."""

ADDRESS = "__contourqa_shell"


def keep_order(server: Any) -> None:
    """Let the pages of a trame server send changed values before every trigger.

    Left alone, trame keeps values back while an answer is awaited and sends triggers at once: a decision
    could be made without the note, or the reader's name, that was typed before it.
    """
    server.enable_module({"serve": {ADDRESS: str(FOLDER)}, "scripts": [f"{ADDRESS}/in_order.js"]})
