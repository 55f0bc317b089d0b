"""ContourQATest: the module's tests inside the real application."""

import time

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from ContourQAPanels.logic import ContourQALogic


class ContourQATest(ScriptedLoadableModuleTest):
    """Tests for the real application: nothing is downloaded, and a box that waits for a click fails them."""

    WAIT_S = 120

    def runTest(self) -> None:
        """Run every test; after a failure too, boxes are as they were and no worker is left."""
        try:
            super().runTest()
        finally:
            self.tearDownClass()

    @classmethod
    def setUpClass(cls) -> None:
        """Draw the phantom once, and make every message box an error."""
        from unittest.mock import patch

        from ContourQALib import phantom

        box = AssertionError("A message box would have waited for a click.")
        cls.boxes = patch.object(slicer.util, "messageBox", side_effect=box)
        cls.boxes.start()
        cls.logic, cls.phantom = ContourQALogic(), phantom.pelvis()

    @classmethod
    def tearDownClass(cls) -> None:
        """Leave neither a worker nor a scene behind; may be called twice."""
        cls.boxes.stop()
        cls.logic.close()
        slicer.mrmlScene.Clear()

    def setUp(self) -> None:
        """Start from a scene that holds the sample case alone."""
        from ContourQALib.mrml.sample_case import add_sample_case

        slicer.mrmlScene.Clear()
        self.case = add_sample_case(slicer.mrmlScene, phantom=self.phantom)

    def test_Assess(self) -> None:
        """Without a widget every contour gets its verdict and volume, and the scene stays as it is."""
        before = slicer.mrmlScene.GetNumberOfNodes()
        assessment = self.logic.assess(self.case.volume, self.case.vpm)
        segmentation = self.case.vpm.GetSegmentation()
        names = [segmentation.GetSegment(one).GetName() for one in segmentation.GetSegmentIDs()]
        assert [one.structure for one in assessment.structures] == names
        assert all(one.volume_cc > 0 for one in assessment.structures)
        assert slicer.mrmlScene.GetNumberOfNodes() == before

    def test_Compare(self) -> None:
        """The reference agrees with itself wholly, and the fine-tuned contours better than the vendor's."""
        nodes = (self.case.reference, self.case.vpm, self.case.lft)
        compared = self.logic.compare(self.case.reference, nodes, volumeNode=self.case.volume)
        mean = {}
        for node in nodes:
            dices = [one.dice for one in compared.comparisons if one.test == node.GetName()]
            mean[node] = sum(dices) / len(dices)
        assert mean[self.case.reference] == 1.0
        assert mean[self.case.vpm] < mean[self.case.lft] < 1.0

    def test_Sweep(self) -> None:
        """Some threshold is at least as good as 0.5."""
        segmentId = self.case.reference.GetSegmentation().GetSegmentIdBySegmentName("CTV")
        swept = self.logic.sweep(self.case.probabilities["CTV VPM"], self.case.reference, segmentId)
        assert max(swept.analysis.sweep.dice) >= swept.analysis.point(0.5).dice > 0

    def test_Panel(self) -> None:
        """A click on Assess fills the table; closing the scene while it computes empties it, and no more."""
        widget = slicer.modules.contourqa.widgetRepresentation().self()
        widget.enter()  # not selectModule, which needs a main window
        parameters = widget.session.parameterNode
        parameters.inputVolume, parameters.segmentation = self.case.volume, self.case.vpm
        widget.ui.assessButton.click()
        self._waitFor(lambda: not widget.qualityPanel.runButton.running)
        assert widget.ui.resultTable.rowCount == self.case.vpm.GetSegmentation().GetNumberOfSegments()
        widget.ui.assessButton.click()
        slicer.mrmlScene.Clear()
        self._waitFor(lambda: not widget.session.tasks.busy)
        assert widget.ui.resultTable.rowCount == 0

    def _waitFor(self, condition) -> None:
        end = time.monotonic() + self.WAIT_S
        while not condition():
            assert time.monotonic() < end, "The worker does not answer."
            slicer.app.processEvents()
            time.sleep(0.01)
