"""ContourQALogic: what scripts can ask the module for, without its panel."""

from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from ContourQAPanels.parameter_node import ContourQAParameterNode


class ContourQALogic(ScriptedLoadableModuleLogic):
    """Assess, compare and sweep nodes from scripts: no widget is needed, and none is opened.

    The methods wait for the worker process and return the library's result objects; they change no node.
    `close` ends the worker, and so does the end of the application.

    Example:
        logic = ContourQALogic()
        assessment = logic.assess(volumeNode, segmentationNode)
        print([(one.structure, one.dice, one.verdict) for one in assessment.structures])
    """

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._worker = None

    @property
    def worker(self):
        """The worker; its process is started with the first request."""
        if self._worker is None:
            self._worker = self.createWorker()
        return self._worker

    def createWorker(self):
        """A worker of one's own; the process is not started yet."""
        from ContourQALib.worker import Worker

        return Worker()

    def close(self) -> None:
        """End the worker's process."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def getParameterNode(self) -> ContourQAParameterNode:
        """The scene's typed parameter node."""
        return ContourQAParameterNode(super().getParameterNode())

    def assess(
        self,
        volumeNode,
        segmentationNode,
        segmentIds=None,
        model=None,
        levels=None,
        device="auto",
        progress=None,
    ):
        """Predict the quality of segments that were drawn on a volume.

        Args:
            volumeNode: the volume.
            segmentationNode: the segmentation.
            segmentIds: IDs of the segments; by default all.
            model: name of a bundled model, or a bundle's folder; by default chosen by structure.
            levels: accept and reject levels of Dice, a `ContourQALib.quality.verdict.Levels`.
            device: auto, cpu or cuda.
            progress: told how many are done, how many there are, and the next one's name.

        Returns:
            ContourQALib.quality.assessment.Assessment

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.mrml.segmentations import contours_of
        from ContourQALib.mrml.volumes import image_of
        from ContourQALib.quality.verdict import Levels
        from ContourQALib.worker_requests import AssessRequest

        image = image_of(volumeNode)
        request = AssessRequest(
            image=image,
            contours=tuple(contours_of(segmentationNode, segmentIds, image.grid)),
            model=model,
            levels=levels or Levels(),
            device=device,
        )
        return self.worker.wait(self.worker.submit(request), progress=progress)

    def compare(self, referenceNode, otherNodes, toleranceMm=2.0, structures=(), volumeNode=None):
        """Measure segmentations against a reference; structures are matched by name.

        Args:
            referenceNode: the segmentation held to be right.
            otherNodes: the others; their nodes' names tell them apart.
            toleranceMm: tolerance of surface Dice.
            structures: names to compare, in any spelling; by default all.
            volumeNode: the volume that the reference was drawn on: specificity and slices are of its grid, on
                which polygons become voxels; without it, of a grid that just holds all contours.

        Returns:
            ContourQALib.worker_requests.Compared

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.metrics.comparison_setup import prepared
        from ContourQALib.metrics.pairing import Source
        from ContourQALib.mrml.segmentations import contours_of
        from ContourQALib.mrml.volumes import grid_of_volume
        from ContourQALib.worker_requests import Compared, CompareRequest

        grid = grid_of_volume(volumeNode) if volumeNode else None
        reference, *others = (
            Source(node.GetName(), tuple(contours_of(node, image_grid=grid)))
            for node in (referenceNode, *otherNodes)
        )
        setup = prepared(reference, others, grid)
        request = CompareRequest(setup.reference, setup.tests, tuple(structures), tolerance_mm=toleranceMm)
        answer = self.worker.wait(self.worker.submit(request))
        return Compared(setup.restored(answer.comparisons), setup.completed(answer.unmatched))

    def sweep(self, probabilityNode, referenceNode=None, segmentId=None, toleranceMm=2.0):
        """Every threshold of a probability volume, against a reference segment or without one.

        Returns:
            ContourQALib.worker_requests.Swept

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.metrics.domain import counting_grid
        from ContourQALib.mrml.segmentations import contour_of
        from ContourQALib.mrml.volumes import probability_of
        from ContourQALib.worker_requests import SweepRequest

        probability, reference = probability_of(probabilityNode), None
        if referenceNode is not None:
            drawn = contour_of(referenceNode, segmentId, probability.grid)
            reference = drawn.on(counting_grid(drawn, probability.grid))
        request = SweepRequest(probability, reference, tolerance_mm=toleranceMm)
        return self.worker.wait(self.worker.submit(request))
