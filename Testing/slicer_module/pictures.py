"""Takes the pictures of README and tutorial: the unmodified module, used step by step on the sample case.

    .venv/bin/python Testing/slicer_module/pictures.py -o Docs/pictures

Real are the module, MRML, the computing process and every figure that is shown; Qt's widgets and the windows
of the slice views are stand-ins (see the README beside), so these are not screenshots of 3D Slicer.
Prints what each step gave.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCALE = 2
"""Pixels of the pictures for each of the panel's."""

PANEL_WIDTH = 480
"""Of the panel, as wide as Slicer makes it on a usual screen."""

VIEWS_WIDTH, BAR_HEIGHT = 560, 20
VIEWS = {
    "Red": ("axial", "#f34a33", 150.0),
    "Yellow": ("sagittal", "#edd54c", 100.0),
    "Green": ("coronal", "#6eb04b", 100.0),
}
"""Slicer's views: what they show, the colors of their bars, and how much of the shorter side is seen, mm."""

SIGNS = {"axial": (2, "SI"), "sagittal": (0, "RL"), "coronal": (1, "AP")}
"""Axis across a view, and the letters of its positive and negative half, as Slicer has them."""

OUTLINE_PIXELS = 2 * SCALE

COMPOSED_WIDTH = 1400
"""Of the panel beside the views, pixels: images of a CT are large files."""

MOST_BYTES = 300_000
GRAY, GRAY_STEPS = 8, (1, 3, 5, 8, 12)
"""Colors whose parts differ by less are gray; distances between shades to try."""

STRUCTURE = "Bladder"
"""Whose row is looked at: the vendor's contour has a dent, which no other structure shows as plainly."""

PAGE_SIZE = (1000, 1500)


def take_all(stand_ins: Any, scene: Any, folder: Path, report: Path) -> None:
    """Follows the tutorial and takes a picture where it has one."""
    from slicer_module.tutorial import COMPARE, QUALITY, REPORT, THRESHOLDS, Tutorial

    tutorial = Tutorial(stand_ins, scene)
    tutorial.frame.resize(PANEL_WIDTH, 600)
    tutorial.load_the_sample()
    tutorial.choose_the_inputs()
    tutorial.assess()
    tutorial.look_where_it_is_wrong(STRUCTURE)
    panel = take_panel(tutorial, QUALITY, folder / "slicer-quality.png")
    take_panel_and_views(panel, scene, tutorial.session, folder / "slicer-panel-and-views.png")
    tutorial.correct(STRUCTURE)
    tutorial.compare(STRUCTURE)
    take_panel(tutorial, COMPARE, folder / "slicer-compare.png")
    tutorial.choose_a_threshold()
    take_panel(tutorial, THRESHOLDS, folder / "slicer-thresholds.png")
    tutorial.write_the_report(report)
    take_panel(tutorial, REPORT, folder / "slicer-report.png")
    take_page(report / "report.html", folder / "slicer-report-page.png")


def take_panel(tutorial: Any, tab: int, path: Path) -> Any:
    """A picture of the panel with a tab in front; gives the QImage."""
    tutorial.show_tab(tab)
    picture = tutorial.frame.grab().toImage()
    write_png(picture, path)
    return picture


def take_panel_and_views(panel: Any, application_scene: Any, session: Any, path: Path) -> None:
    """The panel beside the slice views, which are drawn from the scene's own nodes where they look."""
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QColor, QImage, QPainter

    height, half = panel.height() // SCALE, VIEWS_WIDTH // 2
    upper = height * 3 // 5
    picture = QImage(SCALE * (PANEL_WIDTH + VIEWS_WIDTH), SCALE * height, QImage.Format.Format_RGB32)
    picture.fill(QColor("black"))
    painter = QPainter(picture)
    painter.scale(SCALE, SCALE)
    painter.drawImage(0, 0, panel)
    for name, place in (
        ("Red", QRect(PANEL_WIDTH, 0, VIEWS_WIDTH, upper)),
        ("Yellow", QRect(PANEL_WIDTH, upper, half, height - upper)),
        ("Green", QRect(PANEL_WIDTH + half, upper, VIEWS_WIDTH - half, height - upper)),
    ):
        draw_view(painter, place, name, application_scene, session)
    painter.end()
    write_png(picture.scaledToWidth(COMPOSED_WIDTH, Qt.TransformationMode.SmoothTransformation), path)


def draw_view(painter: Any, place: Any, name: str, application_scene: Any, session: Any) -> None:
    """A slice view with its bar, where the panel has sent it."""
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QColor, QImage

    from ContourQALib.mrml import snapshots
    from ContourQALib.mrml.frames import numbers_of

    orientation, color, field_mm = VIEWS[name]
    ras = numbers_of(application_scene.slice_logics[name].GetSliceNode().GetSliceToRAS())[:3, 3]
    chosen = session.parameterNode
    shown = [one for one in (chosen.segmentation, chosen.errorOverlay) if one is not None]
    displays = [node.GetDisplayNode() for node in shown]
    before = [display.GetSliceIntersectionThickness() for display in displays]
    for display in displays:
        display.SetSliceIntersectionThickness(OUTLINE_PIXELS)
    below = place.adjusted(2, BAR_HEIGHT + 2, -1, -1)
    size = (SCALE * below.width(), SCALE * below.height())
    png = snapshots.take(
        application_scene.scene,
        chosen.inputVolume,
        shown,
        ras,
        orientation,
        size,
        field_of_view_mm=field_mm,
    )
    for display, thickness in zip(displays, before, strict=True):
        display.SetSliceIntersectionThickness(thickness)
    painter.drawImage(below, QImage.fromData(png))
    bar = QRect(below.left(), place.top() + 2, below.width(), BAR_HEIGHT)
    painter.fillRect(bar, QColor(color))
    axis, signs = SIGNS[orientation]
    painter.setPen(QColor("black"))
    text = f"{name[0]}   {signs[int(ras[axis] < 0)]}: {abs(ras[axis]):.1f} mm"
    painter.drawText(bar.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, text)


def take_page(page: Path, path: Path) -> None:
    """The upper part of the written report as a browser shows it, where there is a chromium; else nothing."""
    from PySide6.QtGui import QImage

    from slicer_module.tutorial import say

    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        say(path.name, "not taken, for there is no chromium")
        return
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "page.png"
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={folder}/profile", f"--window-size={PAGE_SIZE[0]},{PAGE_SIZE[1]}"),
            *(f"--screenshot={shot}", page.as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        write_png(QImage(str(shot)), path)


def write_png(picture: Any, path: Path) -> None:
    """Writes a picture in 256 colors, with as many shades of gray as keep it small enough for a repository.

    Raises:
        SystemExit: it is too large with the fewest.
    """
    import numpy as np
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice

    from slicer_module.tutorial import say

    data = QBuffer()
    data.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(data, "PNG")
    with Image.open(io.BytesIO(data.data().data())) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    gray = np.ptp(pixels, axis=2) < GRAY
    path.parent.mkdir(parents=True, exist_ok=True)
    for step in GRAY_STEPS:
        coarse = pixels.copy()
        shades = pixels[gray][:, :1].astype(int)
        coarse[gray] = np.minimum((shades + step // 2) // step * step, 255)
        Image.fromarray(coarse).quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            say(path.name, f"{picture.width()} x {picture.height()}, {path.stat().st_size // 1000} kB")
            return
    raise SystemExit(f"{path.name} is larger than {MOST_BYTES} bytes")


@contextmanager
def application() -> Iterator[tuple[Any, Any]]:
    """The stand-ins and a scene; afterwards the module is unloaded and its computing process has ended."""
    from slicer_module.standins import StandIns
    from slicer_module.standins.scenes import ApplicationScene

    with tempfile.TemporaryDirectory() as settings:
        stand_ins = StandIns(Path(settings))
        scene = ApplicationScene()
        stand_ins.use_scene(scene)
        try:
            yield stand_ins, scene
        finally:
            import slicer

            module = getattr(slicer.modules, "contourqa", None)
            if module is not None:
                module.unload()
            stand_ins.forget_modules()
            stand_ins.use_scene(None)
            scene.close()
            stand_ins.uninstall()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the pictures")
    output = parser.parse_args().output.resolve()
    os.environ["QT_SCALE_FACTOR"] = str(SCALE)  # read when Qt is imported
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    report = Path(tempfile.gettempdir()) / "contour-report"  # stands in a picture, the same each time
    report.mkdir(exist_ok=True)
    try:
        with application() as (stand_ins, scene):
            take_all(stand_ins, scene, output, report)
            if stand_ins.errors:
                raise SystemExit(f"Exceptions were printed: {stand_ins.errors}")
    finally:
        shutil.rmtree(report)


if __name__ == "__main__":
    main()
