"""The sample case of the Sample Data module: a pelvis phantom, drawn here and not downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

CATEGORY = "ContourQA"
SAMPLE_NAME = "Pelvis phantom"
THUMBNAIL = Path(__file__).resolve().parents[1] / "Resources" / "Icons" / "ContourQAPelvis.png"


def register() -> None:
    """Add the sample case to the Sample Data module; without that module nothing happens."""
    try:
        from SampleData import SampleDataLogic
    except ImportError:
        return
    # Slicer 5.12 and later translate a category's title; before, the category is its own title.
    if hasattr(SampleDataLogic, "registerCustomSampleDataCategory"):
        SampleDataLogic.registerCustomSampleDataCategory(CATEGORY, title=_("ContourQA"))
    # No address and no file: a script that asks for the sample by name must not reach for the network.
    SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        thumbnailFileName=str(THUMBNAIL),
        uris=[],
        fileNames=[],
        nodeNames=[],
        customDownloader=addToScene,
    )


def addToScene(source: Any = None) -> list[Any]:
    """Draw the phantom into the application's scene and show its image in the slice views.

    Args:
        source: the sample that was clicked; there is only this one.

    Returns:
        The nodes: volume, reference, both models' segmentations, the probability maps. On an error the
        scene is as it was, and a box says what failed.
    """
    from ContourQALib.mrml.sample_case import add_sample_case

    with slicer.util.tryWithErrorDisplay(_("The sample case could not be made."), waitCursor=True):
        case = add_sample_case(slicer.mrmlScene)
        slicer.util.setSliceViewerLayers(background=case.volume, fit=True)
        return [case.volume, case.reference, case.vpm, case.lft, *case.probabilities.values()]
