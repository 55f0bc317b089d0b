"""After the tests of this folder nothing of the stand-ins is left for the others."""

from __future__ import annotations


def test_afterwards_everything_is_as_it_was(tmp_path):
    import sys

    from slicer_module.standins import StandIns

    stand_ins = StandIns(tmp_path, version=(5, 10))
    import slicer
    from qt import QLabel

    label = QLabel("Dice")
    assert label.text == "Dice"
    assert not hasattr(slicer, "packaging")
    assert not hasattr(slicer, "arrayFromVolume")
    display = slicer.util.errorDisplay
    stand_ins.uninstall()
    assert label.text() == "Dice"
    assert slicer.util.errorDisplay is not display
    assert hasattr(slicer, "arrayFromVolume")
    assert not {"qt", "ctk", "SampleData", "slicer.i18n", "slicer.parameterNodeWrapper"} & set(sys.modules)
    assert not {"app", "modules", "mrmlScene", "qMRMLNodeComboBox"} & set(vars(slicer))
