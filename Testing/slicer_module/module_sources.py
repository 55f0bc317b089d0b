"""The module's sources as data: syntax trees, widgets of the .ui files, and what binds the two."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from slicer_module.packaged import ROOT

MODULE = ROOT / "ContourQA"
MAIN = MODULE / "ContourQA.py"
PANELS = MODULE / "ContourQAPanels"
UI = MODULE / "Resources" / "UI"
PARAMETERS = "ContourQAPanels/parameter_node.py"

USER_CALLS = {
    "setFormat",
    "setHorizontalHeaderLabels",
    "setPlaceholderText",
    "setText",
    "setToolTip",
    "setWindowTitle",
    "showMessage",
}
USER_PROPERTIES = {"text", "toolTip", "windowTitle", "title", "placeholderText", "helpText"}


@dataclass(frozen=True)
class UiWidget:
    """A widget of a .ui file with those of its properties that have a text."""

    kind: str
    name: str
    texts: dict[str, str]

    @property
    def parameter(self) -> str | None:
        """The field of the parameter node that the widget is bound to."""
        return self.texts.get("SlicerParameterName")


@dataclass(frozen=True)
class UiFile:
    """A .ui file: its widgets in order, the root first, and the widgets that get the scene from the root."""

    name: str
    widgets: tuple[UiWidget, ...]
    given_scene: frozenset[str]

    @property
    def names(self) -> set[str]:
        return {widget.name for widget in self.widgets}


@cache
def ui_files() -> tuple[UiFile, ...]:
    return tuple(_ui_file(path) for path in sorted(UI.glob("*.ui")))


def _ui_file(path: Path) -> UiFile:
    root = ElementTree.parse(path).getroot()
    widgets = tuple(
        UiWidget(
            element.get("class", ""),
            element.get("name", ""),
            {each.get("name", ""): each.findtext("string") or "" for each in element.findall("property")},
        )
        for element in root.iter("widget")
    )
    scenes = frozenset(
        each.findtext("receiver") or ""
        for each in root.iter("connection")
        if each.findtext("sender") == widgets[0].name
        and each.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
        and each.findtext("slot") == "setMRMLScene(vtkMRMLScene*)"
    )
    return UiFile(path.name, widgets, scenes)


@cache
def sources() -> dict[str, ast.Module]:
    """The syntax tree of each file of the module, by its path below ContourQA/."""
    files = [MAIN, *sorted(PANELS.rglob("*.py"))]
    return {
        path.relative_to(MODULE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files
    }


def file_scope_imports(tree: ast.Module) -> set[str]:
    """Full names of what running a file imports: modules, or names in them."""
    return set(_imports(tree.body))


def _imports(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from _imports(statement.orelse)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(statement, name, []):
                    yield from _imports(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def parameter_fields() -> dict[str, str]:
    """The parameter node's fields with their annotations as they are written."""
    for node in sources()[PARAMETERS].body:
        if isinstance(node, ast.ClassDef) and node.name == "ContourQAParameterNode":
            return {
                each.target.id: ast.unparse(each.annotation)
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            }
    raise AssertionError(f"{PARAMETERS} has no ContourQAParameterNode")


def ui_names_used(tree: ast.Module) -> set[str]:
    """Every NAME of `self.ui.NAME`, `ui.NAME` or `something.ui.NAME`."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(node.value, ast.Attribute) and node.value.attr == "ui")
            or (isinstance(node.value, ast.Name) and node.value.id == "ui")
        )
    }


def ui_file_loaded(tree: ast.Module) -> str | None:
    """The .ui file that a source names, as in "UI/ContourQACompare.ui"; None for a part of a panel."""
    named = [
        node.value.removeprefix("UI/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".ui")
    ]
    return named[0] if named else None


def given_tool_tips(tree: ast.Module) -> Iterator[str]:
    """Widgets that get their tool tip here: by name, or as a RunButton, which says what is missing."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "RunButton":
            yield from (each.attr for each in node.args if isinstance(each, ast.Attribute))
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "setToolTip":
            yield from (each.attr for each in [node.func.value] if isinstance(each, ast.Attribute))


def connected_signals(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, last name of the sender, signature) of every `sender.connect("signature", ...)`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "connect"
        ):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, ast.unparse(node.func.value).split(".")[-1], first.value


def untranslated(tree: ast.Module) -> Iterator[ast.expr]:
    """Texts that a user reads and that no `_` wraps."""
    for node in ast.walk(tree):
        shown: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            shown = node.args[:1] if node.func.attr in USER_CALLS else []
        elif isinstance(node, ast.Assign):
            names = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
            shown = [node.value] if names & USER_PROPERTIES else []
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            shown = node.exc.args[:1] if "Error" in ast.unparse(node.exc.func) else []
        for each in shown:
            yield from _bare_texts(each)


def _bare_texts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        # The values of _("...").format(...) are not ours to translate, nor is what a function gives.
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join"):
            yield from _bare_texts(node.func.value)
    elif isinstance(node, ast.JoinedStr):
        if any(isinstance(part, ast.Constant) and _has_words(part.value) for part in node.values):
            yield node
    elif isinstance(node, ast.Constant):
        if _has_words(node.value):
            yield node
    elif not isinstance(node, ast.Subscript | ast.Compare):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _bare_texts(child)


def _has_words(value: object) -> bool:
    return isinstance(value, str) and re.search("[A-Za-z]{3}", value) is not None


def untranslatable(tree: ast.Module) -> list[ast.Call]:
    """Calls of `_` with anything but one constant: a translator needs the whole sentence."""
    calls = (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return [
        call
        for call in calls
        if call.func.id == "_" and not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant))
    ]
