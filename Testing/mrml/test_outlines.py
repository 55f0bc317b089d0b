"""Outlines: what a segmentation is decides how it is drawn, and its own colors come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.mrml import outlines, segmentations
from ContourQALib.mrml.outlines import Role
from ContourQALib.report import outlines as report

GRID = Grid.for_shape((4, 4, 4))
PURPLE = (0.5, 0.0, 0.5)


@pytest.fixture
def node(scene: Any) -> Any:
    contours = [Contour(np.ones(GRID.shape, bool), GRID, name, PURPLE) for name in ("CTV", "Bladder")]
    return segmentations.add_segmentation(scene, contours, "Pelvis VPM")


def shown_colors(node: Any) -> list[tuple[float, ...]]:
    display = node.GetDisplayNode()
    return [
        tuple(round(c, 3) for c in display.GetSegmentColor(id_))
        for id_ in node.GetSegmentation().GetSegmentIDs()
    ]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Reference", Role.REFERENCE),
        ("ground truth of patient 3", Role.REFERENCE),
        ("CTV_VPM", Role.VPM),
        ("Vendor contours", Role.VPM),
        ("lft_2024", Role.LFT),
        ("fine-tuned", Role.LFT),
        ("RTSTRUCT: organs", Role.ASSESSED),
        ("", Role.ASSESSED),
    ],
)
def test_a_name_tells_the_role(name: str, role: Role) -> None:
    assert outlines.role_of(name) is role


def test_the_colors_are_the_reports() -> None:
    def hexadecimal(role: Role) -> str:
        return "#" + "".join(f"{round(255 * c):02x}" for c in role.color)

    assert hexadecimal(Role.REFERENCE) == report.REFERENCE.color
    assert hexadecimal(Role.VPM) == report.MODEL_COLORS["vpm"][0]
    assert hexadecimal(Role.LFT) == report.MODEL_COLORS["lft"][0]
    assert hexadecimal(Role.ASSESSED) == report.ASSESSED.color


@pytest.mark.parametrize("role", [None, "vpm", "vendor", Role.VPM])
def test_style_draws_outlines_in_the_color_of_the_role(node: Any, role: Any) -> None:
    outlines.style(node, role)

    display = node.GetDisplayNode()
    assert not display.GetVisibility2DFill()
    assert display.GetVisibility2DOutline()
    assert shown_colors(node) == [tuple(round(c, 3) for c in Role.VPM.color)] * 2


def test_the_reference_is_drawn_wider_so_that_it_is_seen_below_others(node: Any) -> None:
    outlines.style(node, Role.LFT)
    thin = node.GetDisplayNode().GetSliceIntersectionThickness()

    outlines.style(node, Role.REFERENCE)

    assert node.GetDisplayNode().GetSliceIntersectionThickness() > thin


def test_structures_keep_their_own_colors_underneath(node: Any) -> None:
    outlines.style(node, Role.REFERENCE)
    own = {node.GetSegmentation().GetNthSegment(n).GetColor() for n in range(2)}
    assert own == {PURPLE}

    outlines.restore(node)

    assert shown_colors(node) == [PURPLE] * 2
    assert node.GetDisplayNode().GetVisibility2DFill()


def test_a_segmentation_without_display_gets_one(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "bare")
    assert node.GetDisplayNode() is None

    outlines.style(node)

    assert node.GetDisplayNode() is not None
