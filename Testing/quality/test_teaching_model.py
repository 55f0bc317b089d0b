"""The model for teaching: what it says of the phantom of the demo, and of a patient for whom it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ContourQALib.case import Contour
from ContourQALib.perturbation import perturb
from ContourQALib.phantom import Phantom, pelvis
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Verdict

SEED = 0
"""The demo's phantom; the model learned from seeds of 1000 and above."""


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return pelvis(seed=SEED)


@pytest.fixture(scope="module")
def model() -> QualityModel:
    return find_model("pelvis-phantom")


def named(contours: tuple[Contour, ...], name: str) -> Contour:
    return next(contour for contour in contours if contour.name == name)


def test_good_contours_of_the_phantom_are_accepted_and_one_that_moved_is_not(
    phantom: Phantom, model: QualityModel
) -> None:
    target = named(phantom.reference, "CTV")
    moved = perturb(target, "shift", 15.0)
    found = assess(phantom.image, [*phantom.reference, moved], model)
    *good, bad = [one for one in found.structures if one.model]
    assert [one.structure for one in good] == list(model.card.structures)
    assert {one.verdict for one in good} == {Verdict.ACCEPT}
    assert all(one.dice_interval and one.slices and one.error for one in good)
    assert bad.verdict is Verdict.REJECT
    assert bad.dice < good[0].dice - 0.2


def test_the_vendors_organs_are_scored_below_the_reference(phantom: Phantom, model: QualityModel) -> None:
    """All but the target, of which the card says that the model does not see it."""
    organs = [name for name in model.card.structures if name != "CTV"]
    reference, vendor = (
        assess(phantom.image, [named(drawn, name) for name in organs], model).structures
        for drawn in (phantom.reference, phantom.vendor)
    )
    for good, worse in zip(reference, vendor, strict=True):
        assert good.dice > worse.dice, good.structure


@pytest.mark.realdata
def test_whoever_names_it_for_a_patient_is_told_that_he_is_unlike_its_training(data, model) -> None:
    """With the phantom's spacing, which would betray him, and with the names of organs that it knows."""
    from ContourQALib.formats.contours import read_contours
    from ContourQALib.formats.images import read_image

    folder = data / "openkbp" / "validation"
    for name in sorted(path.name.removesuffix("_ct.nii.gz") for path in folder.glob("*_ct.nii.gz"))[:2]:
        image = read_image(folder / f"{name}_ct.nii.gz")
        grid = replace(image.grid, spacing=(2.5, 2.5, 3.0))
        drawn = [c for c in read_contours(folder / f"{name}_oar.nii.gz") if c.mask.any()]
        posing = [
            replace(contour, grid=grid, name=structure)
            for structure, contour in zip(model.card.structures, drawn, strict=False)
        ]
        found = assess(replace(image, grid=grid), posing, model)
        assert found.notes
        for one in found.structures:
            assert one.novelty.inside_training_range is False
            assert one.verdict is not Verdict.ACCEPT
