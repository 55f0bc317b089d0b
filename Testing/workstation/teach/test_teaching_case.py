"""TeachingCase: what is taught with, from a phantom and from a case with a reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.geometry import Grid, Relation
from ContourQALib.metrics.compare import compare
from ContourQALib.metrics.domain import cropped
from ContourQALib.perturbation import ERRORS, perturb
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teaching_case import (
    PHANTOM_MODEL,
    Dose,
    TeachingCase,
    phantom_case,
    reference_case,
)


def test_the_phantom_of_a_seed_is_the_same_each_time() -> None:
    one, same = phantom_case(3), phantom_case(3)
    assert one.model == PHANTOM_MODEL
    assert one.structures[0] == "CTV"
    assert len(one.structures) == 6
    assert np.array_equal(one.image.values, same.image.values)
    assert one.name == "Phantom 3"


@pytest.mark.parametrize("error", ERRORS)
def test_a_spoiled_contour_is_the_librarys_own_cut_to_its_box(case: TeachingCase, error: str) -> None:
    severity = max(ERRORS[error].severities)
    whole = perturb(case.contour("CTV").on(case.image.grid), error, severity, seed=2)
    found = case.spoiled("CTV", Dose(error, severity, 2))
    assert found.name == "CTV"
    assert found.grid.relation_to(case.image.grid) in (Relation.SAME, Relation.LATTICE)
    assert np.array_equal(found.on(case.image.grid).mask, whole.mask)


def test_cropping_keeps_every_voxel_where_it_is_and_leaves_one_of_nothing() -> None:
    grid = Grid((7, 6, 5), (1.0, 2.0, 3.0), (10.0, 20.0, 30.0))
    mask = np.zeros(grid.shape, bool)
    mask[1:3, 2:5, 3] = True
    small = cropped(Contour(mask, grid, "a"))
    assert small.mask.shape == (2, 3, 1)
    assert np.array_equal(small.on(grid).mask, mask)
    assert cropped(Contour(np.zeros(grid.shape, bool), grid, "a")).mask.shape == (1, 1, 1)


def test_the_figures_are_those_of_the_whole_images_grid(
    case: TeachingCase, measuring: Measuring, run
) -> None:
    whole = case.contour("Rectum").on(case.image.grid)
    spoiled = [
        case.spoiled("Rectum", Dose(error, s)) for error, s in (("shift", 20), ("empty", 1), ("full", 1))
    ]
    found = run(measuring.truths(case, "Rectum", spoiled))
    for one, contour in zip(found, spoiled, strict=True):
        alone = compare(whole, contour.on(case.image.grid))
        assert (one.dice, one.hd95_mm, one.msd_mm) == pytest.approx((alone.dice, alone.hd95_mm, alone.msd_mm))
        assert one.specificity == pytest.approx(alone.specificity, nan_ok=True)


def test_a_reference_on_another_lattice_is_brought_onto_the_images(case: TeachingCase) -> None:
    grid = replace(case.image.grid, spacing=(4.0, 4.0, 4.0), size=(60, 60, 40))
    drawn = case.contour("Bladder").on(case.image.grid).on(grid)
    found = reference_case("moved", case.image, (drawn,))
    assert found.contour("Bladder").grid.relation_to(case.image.grid) is Relation.LATTICE
    assert found.contour("Bladder").resampled
    assert found.model is None


def test_empty_structures_are_not_taught_with_and_unknown_ones_are_refused(case: TeachingCase) -> None:
    grid = case.image.grid
    nothing = Contour(np.zeros(grid.shape, bool), grid, "Nothing")
    found = reference_case("case", case.image, (nothing, case.contour("CTV")))
    assert found.structures == ("CTV",)
    with pytest.raises(StructureError, match=r"no Liver; it has CTV\.$"):
        found.contour("Liver")


def test_a_reference_of_another_patient_is_refused(case: TeachingCase) -> None:
    far = replace(case.contour("CTV").grid, origin=(9000.0, 0.0, 0.0))
    with pytest.raises(GeometryError):
        reference_case("case", case.image, (replace(case.contour("CTV"), grid=far),))


def test_the_image_is_the_same_object_so_that_it_is_sent_once(case: TeachingCase) -> None:
    image = Image(case.image.values, case.image.grid)
    assert reference_case("case", image, case.reference).image is image


def test_errors_that_fill_the_image_are_not_offered_for_a_large_one(case: TeachingCase) -> None:
    assert case.errors == tuple(ERRORS)
    grid = Grid((170, 170, 150))
    large = TeachingCase("CT", Image(np.zeros(grid.shape, np.int16), grid), case.reference)
    assert set(ERRORS) - set(large.errors) == {"full", "binary-noise"}
