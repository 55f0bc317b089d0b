"""Questions to the user: recorded and answered by the test, never shown, so that no test waits for ever."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from PySide6 import QtWidgets

from .patches import Patches


@dataclass(frozen=True)
class Question:
    """One dialog that would have been shown.

    Attributes:
        kind: "info", "warning", "error", "confirm", "file", "folder", "dialog", "menu" or "text".
        text: what it said.
        answer: what it was answered with.
    """

    kind: str
    text: str
    answer: Any


class Dialogs:
    """The user of a test: reads every dialog, answers with what the test has prepared."""

    def __init__(self) -> None:
        self.shown: list[Question] = []
        self._answers: deque[Any] = deque()

    def answer_next(self, *answers: Any) -> None:
        """The answers to the next questions, in order; further ones are cancelled or accepted as usual."""
        self._answers.extend(answers)

    def ask(self, kind: str, text: str, otherwise: Any) -> Any:
        """The answer to one question: the test's, or `otherwise`."""
        answer = self._answers.popleft() if self._answers else otherwise
        self.shown.append(Question(kind, text, answer))
        return answer

    def tell(self, kind: str, text: str) -> None:
        """Records a message that asks nothing."""
        self.shown.append(Question(kind, text, None))

    def texts(self, kind: str | None = None) -> list[str]:
        """What was shown, of one kind or of all."""
        return [question.text for question in self.shown if kind in (None, question.kind)]

    def clear(self) -> None:
        """Forgets what was shown and what was still to be answered."""
        self.shown.clear()
        self._answers.clear()


def patch_dialogs(patches: Patches, dialogs: Dialogs) -> None:
    """Everything modal of Qt goes through `dialogs`; file dialogs give a string, as in PythonQt."""
    buttons = QtWidgets.QMessageBox.StandardButton

    def run(dialog: QtWidgets.QDialog) -> Any:
        if isinstance(dialog, QtWidgets.QMessageBox):
            return dialogs.ask("dialog", dialog.text, buttons.Ok)
        return dialogs.ask("dialog", dialog.windowTitle, QtWidgets.QDialog.DialogCode.Rejected)

    def file_dialog(kind: str) -> staticmethod:
        def ask(parent: Any = None, caption: str = "", folder: str = "", *_: Any, **__: Any) -> str:
            return str(dialogs.ask(kind, caption, ""))

        return staticmethod(ask)

    def message(kind: str, otherwise: Any) -> staticmethod:
        def ask(parent: Any = None, title: str = "", text: str = "", *_: Any, **__: Any) -> Any:
            return dialogs.ask(kind, text, otherwise)

        return staticmethod(ask)

    for name in ("exec", "exec_"):
        patches.attribute(QtWidgets.QDialog, name, run)
        patches.attribute(QtWidgets.QMessageBox, name, run)
        patches.attribute(QtWidgets.QMenu, name, lambda menu, *_: dialogs.ask("menu", menu.title, None))
    for name, kind in (
        ("getOpenFileName", "file"),
        ("getSaveFileName", "file"),
        ("getExistingDirectory", "folder"),
    ):
        patches.attribute(QtWidgets.QFileDialog, name, file_dialog(kind))
    for name, kind, otherwise in (
        ("information", "info", buttons.Ok),
        ("warning", "warning", buttons.Ok),
        ("critical", "error", buttons.Ok),
        ("question", "confirm", buttons.No),
    ):
        patches.attribute(QtWidgets.QMessageBox, name, message(kind, otherwise))
    patches.attribute(QtWidgets.QInputDialog, "getText", message("text", ""))
