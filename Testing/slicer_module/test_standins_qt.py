"""PythonQt's manners, as measured in a running Slicer 5.13, on PySide6's classes."""

from __future__ import annotations

import functools

import numpy as np
import pytest


@pytest.fixture
def qt(application, slot_errors):
    import qt

    return qt


def test_a_property_is_an_attribute_and_no_method(qt):
    label = qt.QLabel("Dice")
    assert label.text == "Dice"
    with pytest.raises(TypeError):
        label.text()
    label.setText("HD95")
    assert label.text == "HD95"
    assert label.isEnabled() is True


@pytest.mark.parametrize(
    ("kind", "name", "given", "read"),
    [
        ("QLabel", "text", 3, "3"),
        ("QLabel", "text", True, "True"),
        ("QSpinBox", "value", 2.7, 2),
        ("QSpinBox", "value", np.int64(5), 5),
        ("QDoubleSpinBox", "value", 3, 3.0),
        ("QPushButton", "enabled", 1, True),
        ("QPushButton", "enabled", None, False),
        ("QPushButton", "enabled", [], False),
        ("QPushButton", "checkable", "yes", True),
        ("QWidget", "toolTip", "Run", "<p>Run</p>"),
        ("QWidget", "toolTip", "<b>Run</b>", "<b>Run</b>"),
        ("QWidget", "toolTip", "", ""),
        ("QWidget", "name", "panel", "panel"),
    ],
)
def test_what_is_written_reads_back(qt, kind, name, given, read):
    widget = getattr(qt, kind)()
    setattr(widget, name, given)
    assert getattr(widget, name) == read
    assert type(getattr(widget, name)) is type(read)


@pytest.mark.parametrize(
    ("kind", "name", "given"),
    [
        ("QSpinBox", "value", "4"),
        ("QSpinBox", "value", np.float32(4)),
        ("QDoubleSpinBox", "value", np.float32(4)),
        ("QSpinBox", "value", None),
        ("QLabel", "txt", "Dice"),
        ("QWidget", "visibleRegion2", 1),
        ("QComboBox", "count", 3),
    ],
)
def test_what_does_not_fit_is_an_attribute_error(qt, kind, name, given):
    with pytest.raises(AttributeError):
        setattr(getattr(qt, kind)(), name, given)


def test_an_unknown_attribute_is_an_attribute_error(qt):
    with pytest.raises(AttributeError):
        qt.QLabel().txt  # noqa: B018
    assert not hasattr(qt.QLabel(), "txt")


def test_a_class_derived_in_python_takes_any_attribute(qt):
    class Panel(qt.QWidget):
        pass

    panel = Panel()
    panel.state = {"a": 1}
    assert panel.state == {"a": 1}


def test_lists_come_back_as_tuples(qt):
    table = qt.QTableWidget(2, 1)
    table.setItem(0, 0, qt.QTableWidgetItem("Bladder"))
    table.selectRow(0)
    assert [item.text() for item in table.selectedItems()] == ["Bladder"]
    assert isinstance(table.selectedItems(), tuple)
    assert isinstance(table.children(), tuple)
    assert isinstance(qt.QSplitter().sizes(), tuple)


def test_an_empty_cell_is_none_and_items_keep_their_methods(qt):
    table = qt.QTableWidget(1, 2)
    table.setItem(0, 1, qt.QTableWidgetItem("0.81"))
    assert table.item(0, 0) is None
    assert table.item(0, 1).text() == "0.81"


def test_a_signal_is_connected_by_its_signature(qt):
    box, got = qt.QSpinBox(), []
    assert box.connect("valueChanged( int )", got.append)
    box.value = 4
    assert got == [4]
    assert box.disconnect("valueChanged(int)", got.append)
    assert not box.disconnect("valueChanged(int)", got.append)
    box.value = 5
    assert got == [4]


def test_a_missing_signal_is_false_and_a_printed_line(qt, capsys):
    assert qt.QPushButton().connect("nosuch()", print) is False
    assert "nosuch()" in capsys.readouterr().err


def test_surplus_arguments_are_dropped_for_functions_and_methods(qt):
    button, got = qt.QPushButton(), []

    class Panel:
        def clicked(self):
            got.append("method")

        def checked(self, on):
            got.append(on)

    panel = Panel()
    button.connect("clicked(bool)", lambda: got.append("function"))
    button.connect("clicked(bool)", panel.clicked)
    button.connect("clicked(bool)", panel.checked)
    button.clicked.connect(panel.clicked)
    button.click()
    assert got == ["function", "method", False, "method"]


def test_a_partial_gets_all_arguments(qt, slot_errors):
    button = qt.QPushButton()
    button.connect("clicked(bool)", functools.partial(lambda name: None, "a"))
    button.click()
    assert isinstance(slot_errors.pop(), TypeError)


def test_an_exception_in_a_slot_is_printed_and_the_click_returns(qt, slot_errors, capsys):
    button, got = qt.QPushButton(), []

    def fail():
        raise KeyError("no model")

    button.connect("clicked()", fail)
    button.connect("clicked()", lambda: got.append("next"))
    button.click()
    assert got == ["next"]
    assert "no model" in capsys.readouterr().err
    assert isinstance(slot_errors.pop(), KeyError)


def test_an_exception_in_a_timer_is_collected(qt, slot_errors, wait_until):
    def fail():
        raise KeyError("late")

    qt.QTimer.singleShot(0, fail)
    wait_until(lambda: slot_errors)
    assert isinstance(slot_errors.pop(), KeyError)


def test_a_timer_has_single_shot_as_a_function_and_as_a_property(qt, wait_until):
    timer, got = qt.QTimer(), []
    timer.singleShot = True
    timer.interval = 1
    timer.connect("timeout()", lambda: got.append(timer.active))
    timer.start()
    assert timer.active
    wait_until(lambda: got)
    assert got == [False]


def test_calling_a_signal_emits_it(qt):
    box, got = qt.QSpinBox(), []
    box.valueChanged.connect(got.append)
    box.valueChanged(7)
    box.valueChanged.emit(8)
    assert got == [7, 8]
    assert box.valueChanged.disconnect(got.append)


def test_a_deleted_object_is_a_value_error(qt):
    label = qt.QLabel("Dice")
    label.delete()
    with pytest.raises(ValueError, match="text"):
        label.text  # noqa: B018
    with pytest.raises(ValueError, match="text"):
        label.text = "HD95"


def test_dialogs_are_recorded_and_answered_by_the_test(qt, dialogs):
    dialogs.answer_next("/data/table.csv", qt.QMessageBox.Yes)
    assert qt.QFileDialog.getSaveFileName(None, "Save the table", "", "CSV (*.csv)") == "/data/table.csv"
    assert qt.QMessageBox.question(None, "ContourQA", "Install?") == qt.QMessageBox.Yes
    assert qt.QFileDialog.getExistingDirectory(None, "Folder") == ""
    assert qt.QDialog().exec_() == qt.QDialog.Rejected
    assert dialogs.texts() == ["Save the table", "Install?", "Folder", ""]
