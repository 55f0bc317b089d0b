"""The phantom: plausible, reproducible, and wrong where it says so."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.phantom import COLORS, Phantom, pelvis


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return pelvis()


@pytest.fixture(scope="module", params=range(3))
def patient(request: pytest.FixtureRequest) -> Phantom:
    """Several patients on a coarser grid."""
    return pelvis((96, 96, 48), seed=request.param)


def by_name(contours: tuple[Contour, ...]) -> dict[str, Contour]:
    return {c.name: c for c in contours}


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_it_has_clinical_size_and_all_organs(phantom: Phantom):
    assert phantom.image.grid.size == (128, 128, 64)
    assert phantom.image.grid.spacing == (2.5, 2.5, 3.0)
    for contours in (phantom.reference, phantom.vendor, phantom.fine_tuned):
        assert [c.name for c in contours] == list(COLORS)
        assert all(c.mask.any() and c.grid == phantom.image.grid for c in contours)


def test_the_same_seed_gives_the_same_voxels_and_another_seed_another_patient():
    size = (40, 40, 20)
    first, again, other = pelvis(size, seed=3), pelvis(size, seed=3), pelvis(size, seed=4)
    assert np.array_equal(first.image.values, again.image.values)
    assert all(
        np.array_equal(a.values, b.values)
        for a, b in zip(first.vendor_probability, again.vendor_probability, strict=True)
    )
    assert not np.array_equal(by_name(first.reference)["CTV"].mask, by_name(other.reference)["CTV"].mask)


def test_another_size_is_another_sampling_of_the_same_anatomy(phantom: Phantom):
    coarse = pelvis((64, 64, 32))
    for fine, rough in zip(phantom.reference, coarse.reference, strict=True):
        # Volumes are counted in voxels of 0.15 cc: organs of 40 cc and more agree within a few percent.
        assert rough.volume_cc == pytest.approx(fine.volume_cc, rel=0.05)
        assert dice(rough.mask, fine.mask[1::2, 1::2, 1::2]) > 0.85  # sampled half a voxel apart


def test_a_spacing_can_be_chosen():
    assert pelvis((40, 50, 20), spacing=(5.0, 4.0, 6.0)).image.grid.spacing == (5.0, 4.0, 6.0)


def test_tissues_have_their_hounsfield_units(phantom: Phantom):
    values, organs = phantom.image.values, by_name(phantom.reference)
    medians = {name: np.median(values[c.mask]) for name, c in organs.items()}
    # Medians over thousands of voxels with noise of 25 HU and walls; the bands are those of clinical tables.
    assert 0 < medians["Bladder"] < 25
    assert 30 < medians["CTV"] < 55
    assert 180 < medians["FemoralHead_L"] < 400
    assert (values[organs["Rectum"].mask] < -600).sum() > 50  # gas
    assert values[:, 0, 0].max() < -900  # air around the patient
    assert values.max() > 600  # cortical bone


def test_organs_lie_where_they_do_in_a_patient(patient: Phantom):
    grid = patient.image.grid
    center = {
        c.name: grid.index_to_world(np.argwhere(c.mask)[:, ::-1]).mean(axis=0) for c in patient.reference
    }
    assert center["FemoralHead_L"][0] > 60  # the patient's left is +x in LPS
    assert center["FemoralHead_R"][0] < -60
    assert center["Rectum"][1] > center["CTV"][1] + 20  # behind the prostate
    assert center["Bladder"][2] > center["CTV"][2] + 20  # above it
    assert center["Bowel"][2] > center["Bladder"][2]


def test_reference_organs_do_not_overlap(patient: Phantom):
    for a, b in itertools.combinations(patient.reference, 2):
        assert not (a.mask & b.mask).any(), (a.name, b.name)


def test_the_vendor_draws_the_target_too_large_and_too_long(patient: Phantom):
    reference, vendor = by_name(patient.reference)["CTV"], by_name(patient.vendor)["CTV"]
    assert 1.14 < vendor.volume_cc / reference.volume_cc < 1.20
    assert vendor.mask.any(axis=(1, 2)).sum() > reference.mask.any(axis=(1, 2)).sum()


def test_the_vendor_misses_parts(patient: Phantom):
    reference, vendor = by_name(patient.reference), by_name(patient.vendor)
    lowest = [np.flatnonzero(c["Rectum"].mask.any(axis=(1, 2)))[0] for c in (reference, vendor)]
    missed_mm = (lowest[1] - lowest[0]) * patient.image.grid.spacing[2]
    assert 15 < missed_mm < 30  # 21 mm, in slices of 4 mm
    missed = reference["Bowel"].mask & ~vendor["Bowel"].mask
    assert missed.sum() > 0.1 * reference["Bowel"].mask.sum()
    assert 0.85 < dice(reference["Bladder"].mask, vendor["Bladder"].mask) < 0.97


def test_fine_tuning_helps_every_organ(patient: Phantom):
    for reference, vendor, tuned in zip(patient.reference, patient.vendor, patient.fine_tuned, strict=True):
        assert dice(reference.mask, tuned.mask) > max(0.9, dice(reference.mask, vendor.mask))


def test_contours_are_the_probabilities_cut_at_one_half(patient: Phantom):
    for maps, contours in (
        (patient.vendor_probability, patient.vendor),
        (patient.fine_tuned_probability, patient.fine_tuned),
    ):
        for one, contour in zip(maps, contours, strict=True):
            assert one.name == contour.name
            assert one.values.dtype == np.float32
            assert one.values.min() >= 0
            assert one.values.max() <= 1
            assert np.array_equal(one.values >= 0.5, contour.mask)


def test_the_vendor_target_has_a_better_threshold_than_one_half(patient: Phantom):
    reference = by_name(patient.reference)["CTV"].mask
    values = next(p.values for p in patient.vendor_probability if p.name == "CTV")
    thresholds = np.arange(0.05, 1.0, 0.05)
    scores = [dice(reference, values >= t) for t in thresholds]
    best = thresholds[int(np.argmax(scores))]
    assert 0.55 < best < 0.85
    assert max(scores) > dice(reference, values >= 0.5) + 0.02


def test_models_are_less_sure_where_they_are_wrong(patient: Phantom):
    for one, reference in zip(patient.vendor_probability, patient.reference, strict=True):
        wrong = (one.values >= 0.5) != reference.mask
        right = ~wrong & (one.values > 0)
        doubt = 0.5 - np.abs(one.values - 0.5)
        assert doubt[wrong].mean() > 2 * doubt[right].mean()


@pytest.mark.parametrize("size", [(8, 8, 8), (7, 128, 64), (2000, 2000, 2000)])
def test_sizes_at_and_beyond_the_limits(size: tuple[int, int, int]):
    if size == (8, 8, 8):
        assert pelvis(size).image.values.shape == size
        return
    with pytest.raises(SettingError, match="voxels cannot be drawn"):
        pelvis(size)


def test_settings_that_cannot_be_used():
    with pytest.raises(SettingError, match="seed is -1"):
        pelvis((16, 16, 16), seed=-1)
    with pytest.raises(GeometryError, match="spacing"):
        pelvis((16, 16, 16), spacing=(0.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="not a finite"):
        pelvis((16, 16, 16), spacing=(float("nan"), 1.0, 1.0))
