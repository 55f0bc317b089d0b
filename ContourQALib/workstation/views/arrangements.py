"""How the four views are arranged."""

from __future__ import annotations

from trame_slicer.views import Layout, LayoutDirection, ViewLayoutDefinition

from ContourQALib.workstation.theme import BACKGROUND, RAISED

AXIAL, CORONAL, SAGITTAL, THREE_D = "Red", "Green", "Yellow", "ThreeD"
"""The views' names, as Slicer has them."""

SLICE_NAMES = (AXIAL, CORONAL, SAGITTAL)

TITLES = {AXIAL: "Axial", CORONAL: "Coronal", SAGITTAL: "Sagittal", THREE_D: "3D"}

LAYOUTS = {
    "one large": "mdi-view-split-vertical",
    "four alike": "mdi-view-grid-outline",
    "Red alone": "mdi-square-outline",
}
"""What the page offers, and the icon of each."""

LAYOUT_TITLES = {
    "one large": "Axial large, the others beside it",
    "four alike": "Four of the same size",
    "Red alone": "Axial alone",
}


def alone(name: str) -> str:
    """Name of the arrangement that shows one view only."""
    return f"{name} alone"


def layouts() -> dict[str, Layout]:
    """Every arrangement by its name: those of `LAYOUTS`, and each view alone."""
    axial = ViewLayoutDefinition.axial_view(AXIAL)
    coronal = ViewLayoutDefinition.coronal_view(CORONAL)
    sagittal = ViewLayoutDefinition.sagittal_view(SAGITTAL)
    three_d = ViewLayoutDefinition.threed_view(name=THREE_D, background_color=(BACKGROUND, RAISED))
    beside, below = LayoutDirection.Horizontal, LayoutDirection.Vertical
    return {
        "one large": Layout(beside, [axial, Layout(below, [coronal, sagittal, three_d])], ["2", "1"]),
        "four alike": Layout(
            beside, [Layout(below, [axial, sagittal]), Layout(below, [coronal, three_d])], ["1", "1"]
        ),
        **{
            alone(name): Layout(beside, [view])
            for name, view in zip(TITLES, (axial, coronal, sagittal, three_d), strict=True)
        },
    }
