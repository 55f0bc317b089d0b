"""The sample case: the phantom as nodes that can be worked with at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ContourQALib.errors import SettingError
from ContourQALib.mrml import overlay_colors, segmentations, volumes
from ContourQALib.mrml.outlines import Role
from ContourQALib.mrml.sample_case import SampleCase, add_sample_case
from ContourQALib.phantom import COLORS, Phantom, pelvis

SIZE = (40, 40, 24)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return pelvis(SIZE)


@pytest.fixture
def sample(scene: Any, phantom: Phantom) -> SampleCase:
    return add_sample_case(scene, phantom=phantom)


def node_ids(scene: Any) -> set[str]:
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def test_the_volume_is_the_phantoms_ct_in_a_soft_tissue_window(sample: SampleCase, phantom: Phantom) -> None:
    np.testing.assert_array_equal(volumes.image_of(sample.volume).values, phantom.image.values)
    display = sample.volume.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (400, 40)
    assert not display.GetAutoWindowLevel()


@pytest.mark.parametrize(
    ("field", "drawn"), [("reference", "reference"), ("vpm", "vendor"), ("lft", "fine_tuned")]
)
def test_the_contours_are_the_phantoms(sample: SampleCase, phantom: Phantom, field: str, drawn: str) -> None:
    node = getattr(sample, field)

    assert [s.name for s in segmentations.segments_of(node)] == list(COLORS)
    np.testing.assert_allclose([s.color for s in segmentations.segments_of(node)], list(COLORS.values()))
    for found, wanted in zip(segmentations.contours_of(node), getattr(phantom, drawn), strict=True):
        np.testing.assert_array_equal(found.on(phantom.image.grid).mask, wanted.mask)


def test_each_set_of_contours_is_drawn_in_the_color_of_its_role(sample: SampleCase) -> None:
    for node, role in ((sample.reference, Role.REFERENCE), (sample.vpm, Role.VPM), (sample.lft, Role.LFT)):
        display = node.GetDisplayNode()
        shown = display.GetSegmentColor(node.GetSegmentation().GetNthSegmentID(0))
        assert tuple(shown) == pytest.approx(role.color)
        assert not display.GetVisibility2DFill()


def test_the_maps_are_those_that_the_contours_were_cut_from(sample: SampleCase, phantom: Phantom) -> None:
    assert set(sample.probabilities) == {"CTV VPM", "CTV LFT"}
    for key, maps in (("CTV VPM", phantom.vendor_probability), ("CTV LFT", phantom.fine_tuned_probability)):
        found = volumes.probability_of(sample.probabilities[key], "CTV")
        np.testing.assert_array_equal(found.values, maps[0].values)
        display = sample.probabilities[key].GetDisplayNode()
        assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == pytest.approx((0, 1))
        assert display.GetColorNode().GetName() == overlay_colors.NAME


def test_a_second_sample_case_shares_nothing_but_the_color_map(scene: Any, phantom: Phantom) -> None:
    first = add_sample_case(scene, phantom=phantom)
    second = add_sample_case(scene, phantom=phantom, structures=("CTV", "Rectum"))

    assert len(second.probabilities) == 4
    assert second.volume.GetID() != first.volume.GetID()
    assert second.volume.GetImageData() is not first.volume.GetImageData()
    colors = {s.probabilities["CTV VPM"].GetDisplayNode().GetColorNodeID() for s in (first, second)}
    assert len(colors) == 1


def test_it_draws_the_phantom_itself(scene: Any) -> None:
    size = (16, 16, 12)
    made = add_sample_case(scene, size, seed=3)
    np.testing.assert_array_equal(volumes.image_of(made.volume).values, pelvis(size, seed=3).image.values)


def test_a_case_that_cannot_be_drawn_leaves_the_scene_as_it_was(
    scene: Any, phantom: Phantom, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node_ids(scene)
    with pytest.raises(SettingError, match="phantom"):
        add_sample_case(scene, (2, 2, 2))
    assert node_ids(scene) == before

    from ContourQALib.mrml import sample_case

    def refuse(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(sample_case, "show_with_colors", refuse)
    with pytest.raises(MemoryError):
        add_sample_case(scene, phantom=phantom)
    assert node_ids(scene) == before
    assert not scene.IsBatchProcessing()
