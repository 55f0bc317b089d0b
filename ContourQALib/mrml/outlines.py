"""Outlines: how the contours of a segmentation are drawn, by what they are.

Colors are the report's: the reference red, the vendor's model blue, the locally fine-tuned one green, an
assessed contour amber. They are set as overrides of the display, so that each structure keeps its own color
underneath and `restore` brings it back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ContourQALib.report.outlines import ASSESSED, LEFT_OUT, MODEL_COLORS, REFERENCE, TOO_MUCH

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationDisplayNode, vtkMRMLSegmentationNode

Color = tuple[float, float, float]

OUTLINE_PIXELS = 2
REFERENCE_PIXELS = 3
"""Outlines of one pixel are lost on a screen of today, wider ones hide the edge that is to be judged. The
reference is wider, so that it is seen below a contour that runs along it."""


def rgb(color: str) -> Color:
    """Red, green and blue in [0, 1] of "#rrggbb"."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


class Role(StrEnum):
    """What a segmentation is in a comparison or an assessment."""

    REFERENCE = "reference"
    VPM = "vpm"
    LFT = "lft"
    ASSESSED = "assessed"

    @property
    def color(self) -> Color:
        """The role's color."""
        return _COLORS[self]


_COLORS = {
    Role.REFERENCE: rgb(REFERENCE.color),
    Role.VPM: rgb(MODEL_COLORS["vpm"][0]),
    Role.LFT: rgb(MODEL_COLORS["lft"][0]),
    Role.ASSESSED: rgb(ASSESSED.color),
}

TOO_MUCH_COLOR = rgb(TOO_MUCH.color)
LEFT_OUT_COLOR = rgb(LEFT_OUT.color)
"""Colors of predicted and of true errors."""

_SYNONYMS = {"vendor": "vpm", "finetuned": "lft"}

_WORDS = {
    Role.REFERENCE: ("reference", "groundtruth", "truth", "manual", "expert", "consensus", "gold"),
    Role.VPM: tuple(word for word in MODEL_COLORS if MODEL_COLORS[word] == MODEL_COLORS["vpm"]),
    Role.LFT: tuple(word for word in MODEL_COLORS if MODEL_COLORS[word] == MODEL_COLORS["lft"]),
}


def role_of(name: str) -> Role:
    """The role that a node's name speaks of; assessed where it speaks of none.

    Example:
        >>> role_of("Pelvis VPM contours").value
        'vpm'
    """
    word = "".join(c for c in name.lower() if c.isalnum())
    return next((role for role, words in _WORDS.items() if any(w in word for w in words)), Role.ASSESSED)


def style(node: vtkMRMLSegmentationNode, role: Role | str | None = None) -> None:
    """Draw a segmentation as outlines in the color of its role, without filling.

    Args:
        node: gets a display node where it has none.
        role: by default what the node's name speaks of; "vendor" and "finetuned" are "vpm" and "lft".
    """
    display = display_of(node)
    part = role_of(node.GetName() or "") if role is None else Role(_SYNONYMS.get(str(role), str(role)))
    was_modifying = display.StartModify()
    try:
        outline(display, REFERENCE_PIXELS if part is Role.REFERENCE else OUTLINE_PIXELS)
        for segment_id in node.GetSegmentation().GetSegmentIDs():
            display.SetSegmentOverrideColor(segment_id, *part.color)
    finally:
        display.EndModify(was_modifying)


def restore(node: vtkMRMLSegmentationNode) -> None:
    """Give every segment its own color back and fill it again."""
    display = display_of(node)
    was_modifying = display.StartModify()
    try:
        display.SetVisibility2DFill(True)
        display.SetSliceIntersectionThickness(1)
        for segment_id in node.GetSegmentation().GetSegmentIDs():
            display.UnsetSegmentOverrideColor(segment_id)
    finally:
        display.EndModify(was_modifying)


def outline(display: vtkMRMLSegmentationDisplayNode, width_pixels: int = OUTLINE_PIXELS) -> None:
    """Draw outlines alone."""
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetOpacity2DOutline(1.0)
    display.SetSliceIntersectionThickness(width_pixels)


def display_of(node: vtkMRMLSegmentationNode) -> vtkMRMLSegmentationDisplayNode:
    """A segmentation's display node, made where it has none."""
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    return node.GetDisplayNode()
