"""A whole case through the unmodified panel and the real worker: the panel never stands still, memory stays.

Stalls are bounded as the issue says, but a busy machine's own hiccups are not counted: the time in which the
main thread waited for a core is taken off (`StallMonitor.longest_own_ms`). Plots are drawn by software here
and by the graphics card in the application, so their drawing is left out. Testing/benchmarks/panel.py
measures a CT of full size, wall time included.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from slicer_module.quality_cases import ball, patience

STALL_MS = 100.0
"""For this long the event loop may not come round (issue 7)."""

GROWTH_MB = 60.0
"""Memory that the small case may take beyond its nodes: a fifth of what the issue allows for 512x512x150, of
which it has a sixteenth. A map of the whole grid for each structure would be 190 MB."""

GRID = Grid((192, 192, 64), (2.0, 2.0, 3.0), (-190.0, -190.0, 0.0))
KNOWN = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Mandible")
"""What the bundled model knows; the others meet the rules alone."""

OPENKBP = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Esophagus", "Larynx", "Mandible")


@pytest.fixture(autouse=True)
def plots_are_not_drawn(application, monkeypatch):
    from slicer_module.standins import plot_view

    monkeypatch.setattr(plot_view, "draw", lambda chart, width, height, *scale: blank(width, height))


def blank(width, height):
    import qt

    return qt.QImage(width, height, qt.QImage.Format.Format_RGB888)


def memory_mb():
    with open("/proc/self/status") as status:
        told = dict(line.split(":", 1) for line in status)
    return int(told["VmRSS"].split()[0]) / 1024


def twenty(scene):
    """Noise like soft tissue, and twenty balls of which the model knows five."""
    from ContourQALib.mrml.segmentations import add_segmentation
    from ContourQALib.mrml.volumes import add_volume

    values = np.random.default_rng(0).integers(-60, 140, GRID.shape, dtype=np.int16)
    volume = add_volume(scene, Image(values, GRID), "CT")
    names = [*KNOWN, *(f"Node {n}" for n in range(15))]
    middles = [(10 + 11 * (n % 5), 40 + 30 * (n // 5), 30 + 25 * (n % 6)) for n in range(20)]
    contours = [
        Contour(ball(middle, 15.0, GRID), GRID, name) for name, middle in zip(names, middles, strict=True)
    ]
    segmentation = add_segmentation(scene, contours, "Contours", volume)
    segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)  # as after the import of a label map
    return volume, segmentation, [contour.name for contour in contours]


def test_twenty_structures_are_assessed_compared_and_swept_without_standing_still(
    module_widget, scene, click, wait_until, stalls
):
    from ContourQALib.mrml.segmentations import add_segmentation, contours_of, segments_of
    from ContourQALib.mrml.volumes import add_volume

    volume, segmentation, names = twenty(scene)
    ui, session = module_widget.ui, module_widget.session
    parameters = session.parameterNode

    def idle():
        return not session.tasks.busy

    parameters.modelName = "headneck-ct"  # by itself it would not take noise for a CT
    before_mb = memory_mb()
    with stalls:
        parameters.inputVolume, parameters.segmentation = volume, segmentation
        click(ui.assessButton)
        wait_until(lambda: ui.resultTable.rowCount == 20 and idle(), 60 * patience())
    assert stalls.longest_own_ms < STALL_MS
    assert memory_mb() - before_mb < GROWTH_MB
    assert ui.messageLabel.text.startswith("Assessed in ")
    found = {one.structure: one for one in session.assessment.structures}
    assert [name for name in names if found[name].dice is not None] == list(KNOWN)
    overlay = parameters.errorOverlay.GetSegmentation()
    assert overlay.GetNumberOfSegments() == 2 * len(KNOWN)

    other = add_segmentation(scene, list(contours_of(segmentation)), "VPM", volume)
    ui.tabWidget.setCurrentIndex(1)
    compare = module_widget.comparePanel
    with stalls:
        parameters.referenceSegmentation, parameters.otherSegmentations = segmentation, [other]
        click(compare.ui.compareButton)
        wait_until(lambda: compare.ui.comparisonTable.rowCount == 20 and idle(), 30 * patience())
        click(compare.ui.comparisonTable, 3)
    assert [one.dice for one in session.compared.comparisons] == [1.0] * 20

    soft = 0.7 * ball((10, 40, 30), 15.0, GRID) + 0.2 * ball((10, 40, 30), 11.0, GRID)
    probability = add_volume(scene, Image(soft.astype(np.float32), GRID), "P Brainstem")
    ui.tabWidget.setCurrentIndex(2)
    threshold = module_widget.thresholdPanel
    with stalls:
        parameters.probabilityVolume, parameters.thresholdReference = probability, segmentation
        click(threshold.ui.sweepButton)
        wait_until(lambda: threshold.ui.readoutTable.rowCount == 7 and idle(), 30 * patience())
        threshold.ui.thresholdSlider.value = 0.8
    (shown,) = segments_of(parameters.thresholdContour)
    assert shown.name.startswith("Brainstem")
    assert stalls.longest_own_ms < STALL_MS
    assert memory_mb() - before_mb < 2 * GROWTH_MB  # with the map, its copy in this test, and two more tabs


@pytest.mark.realdata
def test_a_real_planning_ct_is_assessed_without_standing_still(
    module_widget, scene, data, click, wait_until, stalls
):
    """The seven clinical contours of a head and neck, on the CT's own voxels."""
    from ContourQALib.formats.contours import read_contours
    from ContourQALib.formats.images import read_image
    from ContourQALib.mrml.segmentations import add_segmentation
    from ContourQALib.mrml.volumes import add_volume

    folder, patient = data / "openkbp" / "validation", "pt_236"
    assert set(json.loads((folder / "meta.json").read_text())[patient]["oars"]) == set(OPENKBP)
    labels = {number: name for number, name in enumerate(OPENKBP, 1)}
    contours = read_contours(folder / f"{patient}_oar.nii.gz", labels=labels)
    volume = add_volume(scene, read_image(folder / f"{patient}_ct.nii.gz"), "CT")
    segmentation = add_segmentation(scene, contours, "Clinical", volume)
    ui, session = module_widget.ui, module_widget.session
    with stalls:
        session.parameterNode.inputVolume, session.parameterNode.segmentation = volume, segmentation
        click(ui.assessButton)
        wait_until(
            lambda: ui.resultTable.rowCount == len(OPENKBP) and not session.tasks.busy, 60 * patience()
        )
    assert stalls.longest_own_ms < STALL_MS
    predicted = {one.structure for one in session.assessment.structures if one.dice is not None}
    assert predicted == set(KNOWN)
