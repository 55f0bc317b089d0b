"""What the Slicer module costs its user: seconds to verdicts, how long the panel stands still, memory.

    python Testing/benchmarks/panel.py [--case openkbp|drawn] [--structures 20] [--collapse] [--strokes 5]

Drives the unmodified module by clicks through the stand-ins of Testing/slicer_module, with the real worker.
`openkbp` is a planning CT with its clinical contours from the data folder (CONTOURQA_DATA), brought to
512x512x150 voxels of 0.98x0.98x2.5 mm; `drawn` the ellipsoids of worker.py. Contours are shifted copies of
each other up to --structures. --collapse puts them into as few layers as Slicer does when it imports a label
map. A stall is the time between two looks of a 2 ms timer: as wall time, without the time in which this
thread waited for a core that others had ("own"), and as CPU time of this thread. Plots are left undrawn: the
application draws them with the graphics card, the stand-in in 0.1 s by software.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import memory_mb, timed

import worker as worker_benchmark
from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid, place

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTOURQA_DATA", ROOT.parent / "shared" / "data")) / "openkbp" / "validation"
PATIENT = "pt_236"
GRID = Grid((512, 512, 150), (0.9766, 0.9766, 2.5))
AIR_HU = -1000
SHIFT_MM = 3.0
"""By which a copy of a contour lies beside the one before."""

TARGETS = {"verdicts": 15.0, "stall": 100.0, "memory": 300.0, "stroke": 1.0, "slide": 50.0, "convert": 1.0}
"""What issue 7 asks for: s, ms, MB, s, ms, s."""


def openkbp_case(count: int) -> tuple[Image, list[Contour]]:
    """A planning CT and its contours on a clinical grid."""
    from ContourQALib.formats.contours import read_contours
    from ContourQALib.formats.images import read_image

    names = json.loads((DATA / "meta.json").read_text())[PATIENT]["oars"]
    labels = ["Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Esophagus", "Larynx", "Mandible"]
    image = read_image(DATA / f"{PATIENT}_ct.nii.gz")
    half = np.multiply(GRID.size, GRID.spacing) / 2
    middle = image.grid.index_to_world(np.array(image.grid.size) / 2)
    grid = replace(GRID, origin=tuple(float(mm) for mm in middle - half))
    values = place(image.values.astype(np.float32) - AIR_HU, image.grid, grid, "linear").values + AIR_HU
    drawn = read_contours(
        DATA / f"{PATIENT}_oar.nii.gz", labels={n + 1: name for n, name in enumerate(labels)}
    )
    whole = [one.on(grid) for one in drawn if one.name in names]
    return Image(values.round().astype(np.int16), grid), copies(whole, count)


def drawn_case(count: int) -> tuple[Image, list[Contour]]:
    """Noise and ellipsoids."""
    image, contours = worker_benchmark.case(count)
    return image, list(contours)


def copies(contours: Sequence[Contour], count: int) -> list[Contour]:
    """The contours, and again each shifted along x, until there are enough."""
    made = []
    for number in range(count):
        one, lap = contours[number % len(contours)], number // len(contours)
        steps = round(lap * SHIFT_MM / one.grid.spacing[0])
        made.append(replace(one, mask=np.roll(one.mask, steps, axis=2)))
    return made


@dataclass
class Shown:
    """One row of the table that is printed."""

    what: str
    value: float
    unit: str
    target: str = ""

    def __str__(self) -> str:
        asked = f"   (asked for: {TARGETS[self.target]:g} {self.unit})" if self.target else ""
        return f"{self.what:56} {self.value:9.3f} {self.unit}{asked}"


class Bench:
    """The module with a case, in an application of stand-ins."""

    def __init__(self, application: Any, scene: Any, options: argparse.Namespace) -> None:
        from ContourQALib.mrml import segmentations, volumes
        from slicer_module import user

        self.user = user
        self.scene = scene
        image, contours = (
            openkbp_case(options.structures) if options.case == "openkbp" else drawn_case(options.structures)
        )
        self.grid = image.grid
        self.volume = volumes.add_volume(scene, image, "CT")
        self.segmentation = segmentations.add_segmentation(scene, contours, "Contours", self.volume)
        self.other = segmentations.add_segmentation(
            scene, [replace(c, mask=np.roll(c.mask, 2, axis=1)) for c in contours], "VPM", self.volume
        )
        if options.collapse:
            self.segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)
        self.ids = [one.id for one in segmentations.segments_of(self.segmentation)]
        self.names = [one.name for one in contours]
        self.map = volumes.add_volume(scene, self._map(contours[2]), "Probability")
        del image, contours
        self.module = application.load_module(ROOT / "ContourQA" / "ContourQA.py")
        self.module.widgetRepresentation().enter()
        self.widget = self.module.widgetRepresentation().self()
        self.session, self.ui = self.widget.session, self.widget.ui
        self.session.parameterNode.modelName = "headneck-ct"  # noise is not taken for a CT otherwise

    def _map(self, contour: Contour) -> Image:
        from scipy.ndimage import gaussian_filter

        values = gaussian_filter(contour.on(self.grid).mask.astype(np.float32), 1.5)
        return Image(values, self.grid)

    def idle(self) -> bool:
        return not self.session.tasks.busy

    def until(self, condition: Callable[[], Any]) -> float:
        """Seconds until a condition holds, with events passing."""
        started = time.perf_counter()
        self.user.wait_until(condition, 300)
        return time.perf_counter() - started

    def show(self, what: str, value: float, unit: str, target: str = "") -> None:
        print(Shown(what, value, unit, target), flush=True)

    def watched(self, what: str, work: Callable[[], Any]) -> Any:
        """Do something and show how long the event loop stood still at most."""
        monitor = self.user.StallMonitor()
        with monitor:
            result = work()
        self.show(f"  longest stall, {what}: wall", monitor.longest_ms, "ms", "stall")
        self.show(f"  longest stall, {what}: own", monitor.longest_own_ms, "ms", "stall")
        self.show(f"  longest stall, {what}: CPU", monitor.longest_cpu_ms, "ms", "stall")
        return result

    def assess(self) -> None:
        held = memory_mb()
        before = self.session.assessment

        def work() -> tuple[float, float]:
            self.user.click(self.ui.assessButton)
            verdicts = self.until(lambda: self.session.assessment is not before or self.ui.messageLabel.text)
            return verdicts, verdicts + self.until(self.idle)

        cost, (verdicts, whole) = timed(lambda: self.watched("assessing", work), held)
        self.show("from the click to the verdicts", verdicts, "s", "verdicts")
        self.show("from the click to the last overlay", whole, "s", "verdicts")
        self.show("memory above the nodes, most", cost.peak_mb, "MB", "memory")
        self.show("memory above the nodes, afterwards", memory_mb() - held, "MB", "memory")
        print(f"  {self.ui.messageLabel.text}")

    def strokes(self, count: int) -> None:
        """Paint a ball into the parotid as the segment editor does, and wait for its row."""
        import slicer

        from ContourQALib.mrml import labelmaps, segmentations
        from ContourQALib.mrml.reference_geometry import reference_matrix

        self.user.click(self.ui.assessWhileEditingCheckBox)
        self.until(self.idle)
        which = self.names.index("LeftParotid")
        contour = segmentations.contour_of(self.segmentation, self.ids[which])
        first = np.round(self.grid.world_to_index(contour.grid.origin)).astype(int)
        matrix = reference_matrix(self.segmentation.GetSegmentation())
        taken: list[float] = []
        logic = slicer.vtkSlicerSegmentationsModuleLogic

        def work() -> None:
            for number in range(count):
                mask = contour.mask.copy()
                mask[number : number + 2] = False
                labelmap = labelmaps.labelmap_of(mask, tuple(first), matrix)
                before = self.session.assessment
                logic.SetBinaryLabelmapToSegment(
                    labelmap, self.segmentation, self.ids[which], logic.MODE_REPLACE
                )
                taken.append(self.until(lambda before=before: self.session.assessment is not before))
                self.until(self.idle)

        self.watched("editing (strokes included)", work)
        self.show(f"from a stroke to its verdict, median of {count}", statistics.median(taken), "s", "stroke")
        self.show(f"from a stroke to its verdict, most of {count}", max(taken), "s", "stroke")
        self.user.click(self.ui.assessWhileEditingCheckBox)

    def compare(self) -> None:
        node, panel = self.session.parameterNode, self.widget.comparePanel
        self.ui.tabWidget.setCurrentIndex(1)
        node.referenceSegmentation, node.otherSegmentations = self.segmentation, [self.other]
        self._unique(self.segmentation)
        self._unique(self.other)

        def work() -> float:
            self.user.click(panel.ui.compareButton)
            taken = self.until(lambda: not panel.runButton.running)
            self.user.pass_events(200)
            return taken

        taken = self.watched("comparing", work)
        self.show("from the click to the comparison", taken, "s")
        print(f"  {self.ui.messageLabel.text}")

    def _unique(self, node: Any) -> None:
        """Names that a comparison can match."""
        segmentation = node.GetSegmentation()
        for number, one in enumerate(segmentation.GetSegmentIDs()):
            segmentation.GetSegment(one).SetName(f"{self.names[number]} {number}")

    def thresholds(self) -> None:
        node, panel = self.session.parameterNode, self.widget.thresholdPanel
        self.ui.tabWidget.setCurrentIndex(2)

        def choose() -> None:
            node.probabilityVolume, node.thresholdReference = self.map, self.segmentation
            node.thresholdSegment = self.ids[2]

        def work() -> float:
            choose()
            self.user.click(panel.ui.sweepButton)
            taken = self.until(lambda: not panel.runButton.running)
            self.user.pass_events(200)
            return taken

        taken = self.watched("sweeping", work)
        self.show("from the click to the curves", taken, "s")
        steps = []
        for threshold in np.arange(0.02, 1.0, 0.02).round(2):
            started = time.perf_counter()
            panel.ui.thresholdSlider.value = float(threshold)
            steps.append(1000 * (time.perf_counter() - started))
        self.show("step of the slider, median", statistics.median(steps), "ms", "slide")
        self.show("step of the slider, most", max(steps), "ms", "slide")

    def report(self) -> None:
        node, panel = self.session.parameterNode, self.widget.reportPanel
        self.ui.tabWidget.setCurrentIndex(3)
        with tempfile.TemporaryDirectory() as folder:
            node.reportFolder = Path(folder)

            def work() -> float:
                self.user.click(panel.ui.writeButton)
                return self.until(lambda: not panel.runButton.running)

            taken = self.watched("reporting", work)
            self.show("from the click to the report", taken, "s")
            print(f"  {self.ui.messageLabel.text}")

    def conversions(self) -> None:
        from ContourQALib.mrml import segmentations, volumes

        for what, work in (
            ("image of the volume", lambda: volumes.image_of(self.volume)),
            ("probability map of the volume", lambda: volumes.probability_of(self.map)),
            ("all contours", lambda: list(segmentations.contours_of(self.segmentation))),
        ):
            started = time.perf_counter()
            work()
            self.show(f"conversion: {what}", time.perf_counter() - started, "s", "convert")

    def close(self) -> None:
        """End the module and its computing process."""
        self.widget = self.session = self.ui = None
        self.module.unload()


def _leave_plots_undrawn() -> None:
    from PySide6 import QtGui

    from slicer_module.standins import plot_view

    plot_view.draw = lambda chart, width, height, *scale: QtGui.QImage(
        width, height, QtGui.QImage.Format.Format_RGB888
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--case", choices=("openkbp", "drawn"), default="openkbp" if DATA.is_dir() else "drawn"
    )
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--strokes", type=int, default=5)
    parser.add_argument("--collapse", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without the report")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(ROOT / "Testing"))
    from slicer_module.standins import StandIns
    from slicer_module.standins.scenes import ApplicationScene

    with ExitStack() as stack:
        application = StandIns(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        services = ApplicationScene()
        application.use_scene(services)
        _leave_plots_undrawn()
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.structures} structures")
        bench = Bench(application, services.scene, options)
        print(f"grid {'x'.join(map(str, bench.grid.size))}")
        print("first assessment, with the start of the computing process")
        bench.assess()
        print("second assessment")
        bench.assess()
        bench.strokes(options.strokes)
        bench.compare()
        bench.thresholds()
        if not options.quick:
            bench.report()
        bench.conversions()
        bench.close()
        application.use_scene(None)
        services.close()
        application.uninstall()


if __name__ == "__main__":
    main()
