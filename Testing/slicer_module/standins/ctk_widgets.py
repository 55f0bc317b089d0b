# ruff: noqa: N801
"""The CTK widgets that the module's .ui files use: their properties and signals, plain Qt inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .properties import stand_in, stored


@stand_in
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A titled section that folds; checked while it is open."""

    contentsCollapsed = QtCore.Signal(bool)

    collapsed = stored(bool, "collapsed", False, lambda self: self._fold())
    collapsedHeight = stored(int, "collapsedHeight", 14)
    flat = stored(bool, "flat", False, lambda self: self.update())
    contentsLineWidth = stored(int, "contentsLineWidth", 1)
    contentsMidLineWidth = stored(int, "contentsMidLineWidth", 0)

    def __init__(self, text: Any = "", parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent if isinstance(text, str) else text)
        self.text = text if isinstance(text, str) else ""
        self.checkable = True
        self.checked = True
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, self._header_height(), 0, 0)
        self.toggled.connect(lambda opened: self.setCollapsed(not opened))

    def _header_height(self) -> int:
        return self.fontMetrics().height() + 10

    def _fold(self) -> None:
        opened = not self.collapsed
        self.checked = opened
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.setVisible(opened)
        self.setMaximumHeight(16777215 if opened else self._header_height())
        self.contentsCollapsed.emit(self.collapsed)

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() < self._header_height()

    def sizeHint(self) -> QtCore.QSize:
        contents = (
            self.layout().sizeHint() if self.layout() is not None and not self.collapsed else QtCore.QSize()
        )
        return QtCore.QSize(max(contents.width(), 160), max(contents.height(), self._header_height()))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        header = QtCore.QRect(0, 0, self.width, self._header_height())
        painter.fillRect(header, self.palette.color(QtGui.QPalette.ColorRole.Button))
        painter.setPen(self.palette.color(QtGui.QPalette.ColorRole.ButtonText))
        arrow = "▸" if self.collapsed else "▾"
        painter.drawText(
            header.adjusted(8, 0, -8, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, f"{arrow}  {self.text}"
        )
        if not self.flat and not self.collapsed:
            painter.setPen(self.palette.color(QtGui.QPalette.ColorRole.Mid))
            painter.drawRect(self.rect.adjusted(0, 0, -1, -1))


class _NumberWidget(QtWidgets.QWidget):
    """What ctkDoubleSlider and ctkSliderWidget share: a real number between limits."""

    valueChanged = QtCore.Signal(float)

    minimum = stored(float, "minimum", 0.0, lambda self: self._limit())
    maximum = stored(float, "maximum", 99.0, lambda self: self._limit())
    singleStep = stored(float, "singleStep", 1.0, lambda self: self._show())
    pageStep = stored(float, "pageStep", 10.0)
    tickInterval = stored(float, "tickInterval", 0.0)
    tracking = stored(bool, "tracking", True)
    invertedAppearance = stored(bool, "invertedAppearance", False)
    invertedControls = stored(bool, "invertedControls", False)

    _STEPS = 100_000
    """Positions of the whole-number slider inside."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = 0.0
        self._showing = False
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.maximum = self._STEPS
        self._slider.connect("valueChanged(int)", self._slid)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)

    def _read_value(self) -> float:
        return self._number

    def _write_value(self, value: float) -> None:
        value = min(max(self._rounded(float(value)), self.minimum), self.maximum)
        if value != self._number:
            self._number = value
            self._show()
            self.valueChanged.emit(value)

    value = QtCore.Property(float, _read_value, _write_value)

    def setValue(self, value: float) -> None:
        self.value = value

    def setRange(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def _rounded(self, value: float) -> float:
        return value

    def _limit(self) -> None:
        self.value = self._number
        self._show()

    def _show(self) -> None:
        """Moves the slider without a signal."""
        width = self.maximum - self.minimum
        self._showing = True
        self._slider.value = round((self._number - self.minimum) / width * self._STEPS) if width > 0 else 0
        self._slider.pageStep = round(self._STEPS * self.pageStep / width) if width > 0 else 1
        self._showing = False

    def _slid(self, position: int) -> None:
        if not self._showing:
            self.value = self.minimum + (self.maximum - self.minimum) * position / self._STEPS


@stand_in
class ctkDoubleSlider(_NumberWidget):
    """A slider of real numbers."""

    sliderMoved = QtCore.Signal(float)
    sliderPressed = QtCore.Signal()
    sliderReleased = QtCore.Signal()
    handleToolTip = stored(str, "handleToolTip", "")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(None if isinstance(parent, QtCore.Qt.Orientation) else parent)
        self._orientation = QtCore.Qt.Orientation.Horizontal
        if isinstance(parent, QtCore.Qt.Orientation):
            self.orientation = parent
        self._slider.connect("sliderPressed()", self.sliderPressed.emit)
        self._slider.connect("sliderReleased()", self.sliderReleased.emit)
        self._slider.connect("sliderMoved(int)", lambda: self.sliderMoved.emit(self.value))

    def _read_orientation(self) -> QtCore.Qt.Orientation:
        return self._orientation

    def _write_orientation(self, orientation: QtCore.Qt.Orientation) -> None:
        self._orientation = orientation
        self._slider.setOrientation(orientation)

    orientation = QtCore.Property(QtCore.Qt.Orientation, _read_orientation, _write_orientation)


@stand_in
class ctkSliderWidget(_NumberWidget):
    """A slider of real numbers with a spin box."""

    valueIsChanging = QtCore.Signal(float)
    decimalsChanged = QtCore.Signal(int)

    decimals = stored(int, "decimals", 2, lambda self: self._show())
    prefix = stored(str, "prefix", "", lambda self: self._show())
    suffix = stored(str, "suffix", "", lambda self: self._show())
    spinBoxVisible = stored(
        bool, "spinBoxVisible", True, lambda self: self._spin.setVisible(self.spinBoxVisible)
    )
    popupSlider = stored(bool, "popupSlider", False)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._spin = QtWidgets.QDoubleSpinBox()
        self._spin.connect("valueChanged(double)", self._spun)
        self.layout().addWidget(self._spin)
        self._show()

    def _rounded(self, value: float) -> float:
        return round(value, self.decimals)

    def _show(self) -> None:
        super()._show()
        self._showing = True
        self._spin.decimals = self.decimals
        self._spin.setRange(self.minimum, self.maximum)
        self._spin.singleStep = self.singleStep
        self._spin.prefix, self._spin.suffix = self.prefix, self.suffix
        self._spin.value = self._number
        self._showing = False

    def _spun(self, value: float) -> None:
        if not self._showing:
            self.value = value


@stand_in
class ctkPathLineEdit(QtWidgets.QWidget):
    """A path that can be typed or browsed for. The browse button asks what the test has answered."""

    currentPathChanged = QtCore.Signal(str)
    validInputChanged = QtCore.Signal(bool)

    label = stored(str, "label", "")
    settingKey = stored(str, "settingKey", "")
    nameFilters = stored("QStringList", "nameFilters", ())
    showBrowseButton = stored(
        bool, "showBrowseButton", True, lambda self: self._button.setVisible(self.showBrowseButton)
    )
    showHistoryButton = stored(bool, "showHistoryButton", True)
    minimumContentsLength = stored(int, "minimumContentsLength", 0)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo = QtWidgets.QComboBox()
        self._combo.editable = True
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._combo.connect("currentTextChanged(QString)", self.currentPathChanged.emit)
        self._button = QtWidgets.QToolButton()
        self._button.text = "..."
        self._button.connect("clicked()", self.browse)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        layout.addWidget(self._button)

    def _read_path(self) -> str:
        return self._combo.currentText

    def _write_path(self, path: str) -> None:
        self._combo.setCurrentText(str(path))

    currentPath = QtCore.Property(str, _read_path, _write_path)

    def setCurrentPath(self, path: str) -> None:
        self.currentPath = path

    def comboBox(self) -> QtWidgets.QComboBox:
        return self._combo

    def browse(self) -> None:
        path = QtWidgets.QFileDialog.getExistingDirectory(self, self.label, self.currentPath)
        if path:
            self.currentPath = path

    def addCurrentPathToHistory(self) -> None:
        if self._combo.findText(self.currentPath) < 0:
            self._combo.addItem(self.currentPath)

    def retrieveHistory(self) -> None:
        """Nothing is remembered between two runs of the stand-ins."""


@stand_in
class ctkDirectoryButton(QtWidgets.QWidget):
    """A button that shows a folder and asks for another one."""

    directoryChanged = QtCore.Signal(str)
    directorySelected = QtCore.Signal(str)

    caption = stored(str, "caption", "")
    text = stored(str, "text", "", lambda self: self._name())

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._named = False
        self._directory = str(Path.cwd())
        self._button = QtWidgets.QPushButton()
        self._button.connect("clicked()", self.browse)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        self._show()

    def _read_directory(self) -> str:
        return self._directory

    def _write_directory(self, path: str) -> None:
        path = str(Path(path).absolute())  # QDir makes it absolute; an empty path is the current folder
        changed, self._directory = path != self._directory, path
        self._show()
        self.directorySelected.emit(path)  # CTK tells of a folder that was set by code as well
        if changed:
            self.directoryChanged.emit(path)

    directory = QtCore.Property(str, _read_directory, _write_directory)

    def setDirectory(self, path: str) -> None:
        self.directory = path

    def browse(self) -> str:
        path = QtWidgets.QFileDialog.getExistingDirectory(self, self.caption, self.directory)
        if path:
            self.directory = path
        return path

    def _name(self) -> None:
        self._named = True
        self._show()

    def _show(self) -> None:
        # CTK shows the folder only where no text was ever given: an empty one leaves the button blank.
        self._button.text = self.text if self._named else self._directory


@stand_in
class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box with "do not show again"; `exec_` is answered by the test, never shown."""

    dontShowAgain = stored(bool, "dontShowAgain", False)
    dontShowAgainVisible = stored(bool, "dontShowAgainVisible", False)
    dontShowAgainSettingsKey = stored(str, "dontShowAgainSettingsKey", "")

    def addDontShowAgainButtonRole(self, role: QtWidgets.QMessageBox.ButtonRole) -> None:
        """Accepted; nothing is remembered."""
