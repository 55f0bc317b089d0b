"""What can be seen of the module without running it: sources, .ui files and lists that have to fit.

Where Slicer's own rules are known they stand for the missing application; each says where it comes from.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache

import pytest

from slicer_module.module_sources import (
    MAIN,
    MODULE,
    connected_signals,
    file_scope_imports,
    given_tool_tips,
    parameter_fields,
    sources,
    ui_file_loaded,
    ui_files,
    ui_names_used,
    untranslatable,
    untranslated,
)
from slicer_module.packaged import ROOT

SOURCES = sorted(sources())
UI_FILES = [file.name for file in ui_files()]

HEAVY = {"torch", "vtk", "vtkmodules", "scipy", "SimpleITK", "numba", "skimage", "matplotlib", "rich"}

INPUTS = re.compile(
    r"(Button|CheckBox|ComboBox|SpinBox|Slider|SliderWidget|LineEdit|TableWidget|ListWidget)$"
)
CONTAINERS = {"ctkCollapsibleButton"}

DESIGNER_CLASSES = {
    "ctkCollapsibleButton",
    "ctkDirectoryButton",
    "ctkDoubleSlider",
    "ctkPathLineEdit",
    "ctkSliderWidget",
    "qMRMLCheckableNodeComboBox",
    "qMRMLNodeComboBox",
    "qMRMLPlotWidget",
    "qMRMLTableView",
    "qMRMLWidget",
}
"""Of Slicer's and CTK's widgets those that we may use: with a Qt Designer plugin (DesignerPlugins, Plugins).
The loader makes a plain QWidget of any other, such as qMRMLPlotView, which has to be made in Python."""

BOUND_TYPES = {
    "QCheckBox": {"bool"},
    "QPushButton": {"bool"},
    "QSlider": {"int"},
    "QSpinBox": {"int"},
    "QDoubleSpinBox": {"float", "int"},
    "ctkSliderWidget": {"float", "int"},
    "ctkDoubleSlider": {"float", "int"},
    "QLineEdit": {"str"},
    "QLabel": {"str"},
    "ctkPathLineEdit": {"pathlib.Path"},
    "ctkDirectoryButton": {"pathlib.Path"},
}
"""What can be bound to which field (slicer/parameterNodeWrapper/guiConnectors.py, 5.10 to 5.13). Beside these
a qMRMLNodeComboBox takes a node, and a QComboBox a type with Choice; a list of nodes has no connector."""

OUR_SIGNALS = {
    "ctkDirectoryButton": {"directoryChanged(QString)", "directorySelected(QString)"},
    "ctkPathLineEdit": {"currentPathChanged(QString)"},
    "ctkSliderWidget": {"valueChanged(double)", "valueIsChanging(double)"},
    "qMRMLCheckableNodeComboBox": {"checkedNodesChanged()"},
    "qMRMLNodeComboBox": {"currentNodeChanged(vtkMRMLNode*)", "currentNodeIDChanged(QString)"},
    "qSlicerApplication": {"startupCompleted()"},
}
"""Signals of Slicer's and CTK's classes, from their headers; Qt's are asked of Qt."""

UNNAMED_SENDERS = (
    "QTimer",
    "QPushButton",
    "QComboBox",
    "QListWidget",
    "QTableWidget",
    "QTextBrowser",
    *OUR_SIGNALS,
)
"""What a variable that is connected may be."""

SCENE_TAKERS = {"qMRMLNodeComboBox", "qMRMLCheckableNodeComboBox"}


# the .ui files and the code


@pytest.mark.parametrize("file", ui_files(), ids=UI_FILES)
def test_every_bound_widget_names_a_field_that_it_can_show(file):
    fields = parameter_fields()
    bound = [widget for widget in file.widgets if widget.parameter]
    assert {widget.parameter for widget in bound} <= fields.keys()
    assert [widget.name for widget in bound if not _can_show(widget.kind, fields[widget.parameter])] == []


def _can_show(kind: str, annotation: str) -> bool:
    plain = re.sub(r"^Annotated\[([\w.]+),.*\]$", r"\1", annotation)
    if kind == "qMRMLNodeComboBox":
        return plain.startswith("vtkMRML")
    if kind == "QComboBox":
        return "Choice" in annotation
    if kind == "ctkSliderWidget" and "WithinRange" not in annotation:
        return False
    return plain in BOUND_TYPES.get(kind, set())


def test_no_field_is_bound_twice():
    bound = [widget.parameter for file in ui_files() for widget in file.widgets if widget.parameter]
    assert len(bound) == len(set(bound))


@pytest.mark.parametrize("source", SOURCES)
def test_every_widget_that_code_names_is_in_its_ui_file(source):
    tree = sources()[source]
    known = {file.name: file.names for file in ui_files()}
    loaded = ui_file_loaded(tree)
    # A part that gets the widgets of another's panel may name those of any.
    there = known[loaded] if loaded else set().union(*known.values())
    assert ui_names_used(tree) - there == set()


@pytest.mark.parametrize("file", ui_files(), ids=UI_FILES)
def test_names_are_unique_and_classes_are_ones_that_the_loader_knows(file):
    assert len(file.names) == len(file.widgets)
    assert {widget.kind for widget in file.widgets if not widget.kind.startswith("Q")} <= DESIGNER_CLASSES


@pytest.mark.parametrize("file", ui_files(), ids=UI_FILES)
def test_the_root_hands_the_scene_to_every_selector(file):
    assert file.widgets[0].kind == "qMRMLWidget"
    assert {widget.name for widget in file.widgets if widget.kind in SCENE_TAKERS} <= file.given_scene


@pytest.mark.parametrize("file", ui_files(), ids=UI_FILES)
def test_every_input_has_a_tool_tip(file):
    in_code = {name for tree in sources().values() for name in given_tool_tips(tree)}
    inputs = [each for each in file.widgets if INPUTS.search(each.kind) and each.kind not in CONTAINERS]
    assert inputs
    assert [each.name for each in inputs if not each.texts.get("toolTip") and each.name not in in_code] == []


@pytest.mark.parametrize("source", SOURCES)
def test_every_signal_that_is_connected_exists(source):
    # PythonQt prints a line and goes on where it does not, and the button does nothing.
    kinds = {widget.name: widget.kind for file in ui_files() for widget in file.widgets}
    assert [
        f"{source}:{line}: {signal}"
        for line, name, signal in connected_signals(sources()[source])
        if not any(
            _has_signal(kind, signal) for kind in ([kinds[name]] if name in kinds else UNNAMED_SENDERS)
        )
    ] == []


def _has_signal(kind: str, signal: str) -> bool:
    if kind in OUR_SIGNALS:
        return signal in OUR_SIGNALS[kind]
    return signal in _qt_signals()[kind]


@cache
def _qt_signals() -> dict[str, list[str]]:
    """The signals of every Qt class, told by a process of its own.

    In this one PySide loses its descriptions of classes once a panel was shown and deleted.
    """
    code = (
        "import json\n"
        "from PySide6 import QtCore, QtWidgets\n"
        "def signals(kind):\n"
        "    about = kind.staticMetaObject\n"
        "    methods = map(about.method, range(about.methodCount()))\n"
        "    signal = QtCore.QMetaMethod.MethodType.Signal\n"
        "    return [bytes(m.methodSignature()).decode() for m in methods if m.methodType() == signal]\n"
        "kinds = [QtCore.QTimer, *(getattr(QtWidgets, name) for name in dir(QtWidgets))]\n"
        "print(json.dumps({k.__name__: signals(k) for k in kinds if hasattr(k, 'staticMetaObject')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


# imports


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_imports_nothing_at_its_start_but_slicer_and_what_python_has(source):
    roots = {name.split(".")[0] for name in file_scope_imports(sources()[source])}
    allowed = {"slicer", "vtk", "qt", "ctk", "numpy", "ContourQALib", "ContourQAPanels"}
    assert roots - allowed - sys.stdlib_module_names == set()


def test_the_module_itself_imports_neither_tabs_nor_library_at_its_start():
    loaded, waiting = set(), ["ContourQA.py"]
    while waiting:
        source = waiting.pop()
        names = file_scope_imports(sources()[source])
        assert {name for name in names if name.split(".")[0] == "ContourQALib"} == set()
        own = {name.split(".")[1] for name in names if name.startswith("ContourQAPanels.")}
        waiting += [f"ContourQAPanels/{name}.py" for name in own - loaded]
        loaded |= own
    assert loaded == {"logic", "parameter_node", "self_test"}  # whose classes Slicer looks for in its file


def test_what_panels_import_of_the_library_is_light():
    imported = {name for tree in sources().values() for name in file_scope_imports(tree)}
    library = {name for name in imported if name.startswith("ContourQALib.")}
    names = sorted({name if _is_module(name) else name.rpartition(".")[0] for name in library})
    code = f"import json, sys\nfor name in {names!r}: __import__(name)\nprint(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert {name.split(".")[0] for name in json.loads(done.stdout)} & HEAVY == set()


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_importing_the_module_takes_under_a_fifth_of_a_second():
    # The best of five fresh interpreters. In the application slicer, vtk and numpy are there before; here
    # empty modules stand for them. The machine's other work is not ours.
    code = f"""
import sys, time, types
class Empty(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {{"__init__": lambda self, *given: None}})
for name in ("slicer", "slicer.util", "slicer.i18n", "slicer.parameterNodeWrapper",
             "slicer.ScriptedLoadableModule", "vtk", "qt", "ctk"):
    sys.modules[name] = Empty(name)
sys.modules["slicer.i18n"].tr = lambda text: text
sys.modules["slicer.parameterNodeWrapper"].parameterNodeWrapper = lambda kind: kind
import numpy
sys.path.insert(0, {str(MODULE)!r})
start = time.perf_counter()
import ContourQA
print(time.perf_counter() - start)
assert ContourQA.ContourQAParameterNode.rejectLevel == 0.75
"""
    seconds = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )
    assert seconds < 0.2


# what Slicer's versions and its users need


@pytest.mark.parametrize("source", SOURCES)
def test_what_users_read_is_translatable_as_a_whole(source):
    # A translator needs the whole sentence as a constant: no f-string, nothing formatted before _().
    faults = [*untranslated(sources()[source]), *untranslatable(sources()[source])]
    assert [f"{source}:{node.lineno}: {ast.unparse(node)}" for node in faults] == []


@pytest.mark.parametrize("source", SOURCES)
def test_functions_of_slicer_util_are_not_called_as_slicers_own(source):
    # The slicer-core wheel offers slicer.getNode and the like, the application does not.
    used = {
        node.attr
        for node in ast.walk(sources()[source])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "slicer"
    }
    own = re.compile(
        r"app|mrmlScene|modules|util|packaging|(vtkMRML|vtkSlicer|vtkSegment|vtkOriented|qMRML)\w*"
    )
    assert {name for name in used if not own.fullmatch(name)} == set()


def test_the_library_gets_its_scene_as_an_argument():
    reached = re.compile(r"\bslicer\.(?:mrmlScene|modules|app|util)\b")
    files = [
        path
        for path in (ROOT / "ContourQALib").rglob("*.py")
        if "slicer." in path.read_text(encoding="utf-8")
    ]
    assert [path.name for path in files if reached.search(_code(path.read_text(encoding="utf-8")))] == []


def _code(text: str) -> str:
    """The source without strings and comments, in which such names may be spoken of."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_used_that_qt_6_or_python_3_12_has_dropped(source):
    gone = (
        r"\bQTextCodec\b|\bQRegExp\b|\bQDesktopWidget\b|\bimport imp\b|buttonClicked\(int\)"
        r"|(?:currentIndexChanged|activated|highlighted)\(QString\)"
    )
    assert re.findall(gone, (MODULE / source).read_text(encoding="utf-8")) == []


def test_the_module_file_is_short_and_the_root_holds_no_module():
    assert len(MAIN.read_text(encoding="utf-8").splitlines()) < 400
    # Slicer takes every .py file of a folder on its module path for a module.
    assert [path.name for path in ROOT.glob("*.py")] == []
    assert [path.name for path in MODULE.glob("*.py")] == ["ContourQA.py"]


def test_requirements_have_lower_bounds_and_leave_torch_and_slicers_own_alone():
    lines = (MODULE / "Resources/requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in requirements if not re.fullmatch(r"[A-Za-z0-9-]+>=[0-9.]+", line)] == []
    names = {line.split(">")[0].lower() for line in requirements}
    assert names & {"torch", "torchvision", "monai", "numpy", "scipy", "simpleitk", "vtk"} == set()


def test_the_index_finds_what_the_extension_says_of_itself():
    """By the regular expressions of the extension index's checker (check_description_files.py)."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"project\s*\(\s*([^\s\)\n\r]+)", text, re.IGNORECASE)[0] == "ContourQA"
    assert len(re.findall(r'set\s*\(EXTENSION_ICONURL\s*"([^"]+)"[ ]*\)', text)) == 1
    assert len(re.findall(r'set\s*\(EXTENSION_SCREENSHOTURLS\s*"([^"]+)"\)', text)) == 1
    lines = [line for line in text.splitlines() if "EXTENSION_" in line and line.lstrip().startswith("set")]
    assert [line for line in lines if not re.fullmatch(r'set\(EXTENSION_[A-Z_]+ "[^"]+"\)', line)] == []
    keys = {line.split()[0].removeprefix("set(EXTENSION_") for line in lines}
    assert keys >= {"HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "DEPENDS"}
    assert (ROOT / "LICENSE").is_file()
