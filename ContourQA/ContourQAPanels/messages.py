"""MessageArea: the panel's one line for what the user must know, never a box that must be closed."""

from __future__ import annotations

from typing import Any

STYLES = {
    "info": "",
    "warning": "background-color: #fff0c2; color: #3d2f00; border-left: 4px solid #c98a00; padding: 4px;",
    "error": "background-color: #fbdcd7; color: #4a0d05; border-left: 4px solid #b3261e; padding: 4px;",
}
"""Both colors of a kind are given: on its own, dark text would vanish in the dark theme."""


class MessageArea:
    """Shows one sentence in a label and hides it when there is nothing to say."""

    def __init__(self, label: Any) -> None:
        self._label = label
        self.kind = "info"
        self.show("")

    @property
    def text(self) -> str:
        """What is shown."""
        return self._label.text

    def show(self, text: str, kind: str = "info") -> None:
        """Show a sentence; "" hides the area. Kinds are the keys of `STYLES`."""
        self.kind = kind
        self._label.text = text
        self._label.setStyleSheet(STYLES[kind])
        self._label.visible = bool(text)
