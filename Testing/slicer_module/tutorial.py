"""The ten steps of Docs/slicer-tutorial.md by clicks: the unmodified module, the generated sample case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer_module.user import click, pass_events, wait_until

MODULE = Path(__file__).resolve().parents[2] / "ContourQA" / "ContourQA.py"
TEACHING_MODEL = "pelvis-phantom"
QUALITY, COMPARE, THRESHOLDS, REPORT = range(4)
"""The tabs."""

WAIT_S = 300.0
"""For the computing process, which loads its models in the first step that needs them."""


class Tutorial:
    """A user who follows the tutorial; each method is one step or two.

    Args:
        stand_ins: stands for the application.
        application_scene: its scene, an `ApplicationScene`.

    Attributes:
        frame: what the application shows of the module.
        widget: the module's own widget object.
    """

    def __init__(self, stand_ins: Any, application_scene: Any) -> None:
        self._stand_ins, self._scene = stand_ins, application_scene.scene
        module = stand_ins.load_module(MODULE)
        self.frame = module.widgetRepresentation()
        self.frame.enter()
        self.widget = self.frame.self()

    @property
    def session(self) -> Any:
        return self.widget.session

    @property
    def ui(self) -> Any:
        return self.widget.ui

    def load_the_sample(self) -> None:
        """Step 1."""
        from SampleData import SampleDataLogic

        SampleDataLogic().downloadSample("Pelvis phantom")

    def choose_the_inputs(self) -> None:
        """Step 2: image, the vendor's contours, and the model for teaching where it is bundled."""
        self.ui.inputVolumeSelector.setCurrentNode(self._node("Sample CT"))
        self.ui.segmentationSelector.setCurrentNode(self._node("Sample VPM"))
        models = self.ui.modelComboBox
        for index in range(models.count):
            if models.itemText(index).startswith(TEACHING_MODEL):
                models.setCurrentIndex(index)
        say("model", models.currentText)

    def assess(self) -> None:
        """Step 3."""
        click(self.ui.assessButton)
        self._wait(lambda: not self.session.tasks.busy)
        self._say_message()
        for one in self.session.assessment.structures:
            say(f"  {one.structure}", f"{one.verdict.value}, {_dice(one)}; {' '.join(one.reasons)}")

    def look_where_it_is_wrong(self, structure: str) -> None:
        """Step 4: a row, and the slice to look at first."""
        table, steps = self.ui.resultTable, self.ui.sliceComboBox
        click(table, row_of(table, structure))
        if self.ui.nextSliceButton.enabled:
            click(self.ui.nextSliceButton)
            click(self.ui.previousSliceButton)
        say(f"slices of {structure}", [steps.itemText(index) for index in range(steps.count)])

    def correct(self, structure: str) -> None:
        """Step 5: the reference's contour is what the user draws; then he undoes it."""
        from ContourQALib.mrml.segmentations import contour_of, set_segment

        click(self.ui.assessWhileEditingCheckBox)
        vendor, reference = self._node("Sample VPM"), self._node("Sample Reference")
        segment = _segment(vendor, structure)
        drawn = contour_of(vendor, segment)
        right = contour_of(reference, _segment(reference, structure))
        for contour, told in ((right, "corrected"), (drawn, "undone")):
            before = self.session.assessment
            set_segment(vendor, segment, contour)
            self._wait(lambda before=before: self.session.assessment is not before)
            self._wait(lambda: not self.session.tasks.busy)
            found = {one.structure: one for one in self.session.assessment.structures}[structure]
            say(f"{structure} {told}", f"{found.verdict.value}, {_dice(found)}")
        click(self.ui.assessWhileEditingCheckBox)

    def compare(self, structure: str) -> None:
        """Steps 6 and 7: both models against the reference, and the row of one contour."""
        panel = self.widget.comparePanel
        self.show_tab(COMPARE)
        panel.ui.referenceSelector.setCurrentNode(self._node("Sample Reference"))
        for name in ("Sample VPM", "Sample LFT"):
            panel.ui.othersSelector.check(self._node(name))
        click(panel.ui.compareButton)
        self._wait(lambda: not panel.runButton.running and panel.table.current is not None)
        click(panel.ui.comparisonTable, row_of(panel.ui.comparisonTable, structure, "Sample VPM"))
        self._say_message()
        for one in self.session.compared.comparisons:
            say(f"  {one.structure}, {one.test}", f"Dice {one.dice:.3f}, HD95 {one.hd95_mm:.2f} mm")

    def choose_a_threshold(self) -> None:
        """Steps 8 and 9: every threshold of the vendor's map of the target; the best one as a segment."""
        panel = self.widget.thresholdPanel
        self.show_tab(THRESHOLDS)
        panel.ui.probabilitySelector.setCurrentNode(self._node("Sample probability CTV VPM"))
        panel.ui.thresholdReferenceSelector.setCurrentNode(self._node("Sample Reference"))
        click(panel.ui.sweepButton)
        self._wait(lambda: not panel.runButton.running)
        click(panel.ui.optimumButton)
        say("thresholds", panel.ui.lossLabel.text)
        click(panel.ui.makeSegmentButton)
        self._say_message()

    def write_the_report(self, folder: Path) -> None:
        """Step 10."""
        panel = self.widget.reportPanel
        self.show_tab(REPORT)
        self._stand_ins.dialogs.answer_next(str(folder))
        panel.ui.folderButton.browse()
        click(panel.ui.writeButton)
        self._wait(lambda: not panel.runButton.running)
        self._say_message()
        say("  written", sorted(file.name for file in folder.rglob("*") if file.is_file()))

    def show_tab(self, index: int) -> None:
        """Brings a tab to the front, the panel as high as it asks for: nothing cut off, nothing empty."""
        from PySide6.QtWidgets import QSizePolicy

        tabs, frame = self.ui.tabWidget, self.frame
        tabs.setCurrentIndex(index)
        for number in range(tabs.count):  # pages behind would ask for their heights too
            policy = tabs.widget(number).sizePolicy
            front = number == index
            policy.setVerticalPolicy(QSizePolicy.Policy.Preferred if front else QSizePolicy.Policy.Ignored)
            tabs.widget(number).setSizePolicy(policy)
        pass_events(50)
        page = tabs.widget(index)
        around = frame.layout().sizeHint().height() - tabs.sizeHint().height()
        bar = tabs.minimumSizeHint().height() - page.minimumSizeHint().height()
        frame.resize(frame.width, around + bar + page.sizeHint().height())
        pass_events(50)

    def _wait(self, condition: Any) -> None:
        wait_until(condition, WAIT_S)
        pass_events(50)

    def _say_message(self) -> None:
        say("message", self.ui.messageLabel.text)

    def _node(self, name: str) -> Any:
        node = self._scene.GetFirstNodeByName(name)
        assert node is not None, name
        return node


def row_of(table: Any, *texts: str) -> int:
    """The row whose first cells say this."""
    rows = [[table.item(row, n).text() for n in range(len(texts))] for row in range(table.rowCount)]
    return rows.index(list(texts))


def say(what: str, found: Any) -> None:
    """What a step gave, for whoever writes about it."""
    print(f"{what}: {found}", flush=True)  # noqa: T201  pictures.py is a command


def _segment(node: Any, structure: str) -> str:
    from ContourQALib.mrml.segmentations import segments_of

    return {one.name: one.id for one in segments_of(node)}[structure]


def _dice(assessed: Any) -> str:
    if assessed.dice is None:
        return "no Dice"
    interval = assessed.dice_interval
    return f"Dice {assessed.dice:.2f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")
