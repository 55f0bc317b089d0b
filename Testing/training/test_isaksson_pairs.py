"""Preprocessing as the paper does it: bias field, percentiles, window; and which contours take part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contour_libraries import NETWORKS, STRUCTURE, write_library
from contourqa_training.isaksson import bias_field, pairs
from contourqa_training.isaksson.bias_field import corrected
from contourqa_training.isaksson.cohort import draw_cohort
from contourqa_training.isaksson.config import IsakssonSettings
from contourqa_training.isaksson.pairs import Pair, PatientFacts, eligible, read_pairs
from contourqa_training.library import ContourLibrary
from ContourQALib.errors import SettingError
from ContourQALib.quality.preprocessing import PreprocessingSettings

SETTINGS = IsakssonSettings(networks=NETWORKS, patients=6, second_contours=2, folds=2)
WINDOW = PreprocessingSettings(size=(20, 20, 16), center="image")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ContourLibrary:
    folder = tmp_path_factory.mktemp("library") / "balls"
    return ContourLibrary.open(write_library(folder, 8, test=2, empty=(3,)))


@pytest.fixture(scope="module")
def made(library: ContourLibrary) -> tuple[list[Pair], list[PatientFacts], str]:
    """The study's pairs, the bias field left as it is."""
    return read(library)


def read(library: ContourLibrary) -> tuple[list[Pair], list[PatientFacts], str]:
    contours = eligible(library, SETTINGS, STRUCTURE)
    members = draw_cohort({p: library.case(p).regime for p in contours}, SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "corrected", lambda values, spacing, cache, shrink: values)
        return read_pairs(library, members, contours, WINDOW)


def test_last_contours_that_are_not_empty_of_patients_who_learn_take_part(library: ContourLibrary) -> None:
    found = eligible(library, SETTINGS, STRUCTURE)
    assert list(found) == [
        f"patient_{n:02d}" for n in (0, 1, 2, 4, 5, 6, 7)
    ]  # 3 is empty, 8 and 9 are tested
    assert all({c.stage for c in own.values()} == {5} for own in found.values())
    assert all(tuple(own) == NETWORKS for own in found.values())


def test_a_library_without_the_networks_is_refused(library: ContourLibrary) -> None:
    with pytest.raises(SettingError, match="ball by third"):
        eligible(library, replace(SETTINGS, networks=("first", "third")), STRUCTURE)


def test_percentiles_become_0_and_255_and_brighter_voxels_stay_in_their_place(
    library: ContourLibrary, made: tuple[list[Pair], list[PatientFacts], str]
) -> None:
    pair = made[0][0]
    values = library.case(pair.patient).values
    low, high = values.min(), np.percentile(values, 99)
    inside = pair.image[2:18, 1:19, 1:15]  # the image in the middle of the larger window
    # float32 of numbers up to 255 holds 5 digits
    np.testing.assert_allclose(inside, (values - low) / (high - low) * 255, atol=1e-3)
    assert inside.max() > 255
    outside = np.ones(WINDOW.size, bool)
    outside[2:18, 1:19, 1:15] = False
    assert not pair.image[outside].any()


def test_a_pair_holds_its_contour_its_reference_and_their_dice(
    library: ContourLibrary, made: tuple[list[Pair], list[PatientFacts], str]
) -> None:
    contours = eligible(library, SETTINGS, STRUCTURE)
    assert len(made[0]) == 8
    for pair in made[0]:
        contour = contours[pair.patient][pair.network]
        case = library.case(pair.patient)
        assert pair.mask.sum() == case.mask(contour).sum()
        assert pair.reference.sum() == case.references[STRUCTURE].sum()
        assert pair.dice == contour.dice
        # the library's maps are the references here, so that the expected Dice is the true one
        assert pair.expected_dice == pytest.approx(pair.dice)
        assert pair.input.dtype == np.float32
        assert pair.input.shape == (2, *WINDOW.size)


def test_the_target_of_a_patient_with_two_contours_is_their_mean(
    made: tuple[list[Pair], list[PatientFacts], str],
) -> None:
    for facts in made[1]:
        own = [pair.dice for pair in made[0] if pair.patient == facts.member.patient]
        assert len(own) == len(facts.volumes_cc) == len(facts.member.networks)
        assert facts.dice == pytest.approx(np.mean(own))


def test_the_fingerprint_is_that_of_the_contours(
    library: ContourLibrary, made: tuple[list[Pair], list[PatientFacts], str], tmp_path: Path
) -> None:
    assert read(library)[2] == made[2]
    other = ContourLibrary.open(write_library(tmp_path / "other", 7))  # patient 3 has a contour here
    assert read(other)[2] != made[2]


@pytest.mark.parametrize("shrink", [1, 2])
def test_n4_takes_a_smooth_field_away(shrink: int) -> None:
    """A flat image under a field that doubles from end to end: most of the variation is gone."""
    shape = (8, 12, 8)
    field = np.linspace(1, 2, shape[1]).reshape(1, -1, 1)
    image = (100 * field * np.ones(shape)).astype(np.float32)
    flat = corrected(image, (1.0, 1.0, 1.0), shrink=shrink)
    assert flat.shape == shape
    assert flat.dtype == np.float32
    # the spline follows a line but for its ends, which are much of so small an image
    assert flat.std() / flat.mean() < 0.5 * image.std() / image.mean()


def test_a_corrected_image_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).normal(100, 10, (4, 5, 6)).astype(np.float32)
    counted: list[int] = []

    def once(values: np.ndarray, spacing: object, shrink: int) -> np.ndarray:
        counted.append(1)
        return values * np.float32(0.5)

    monkeypatch.setattr(bias_field, "_n4", once)
    first, again = (corrected(image, (1.0, 1.0, 1.0), tmp_path) for _ in range(2))
    assert len(counted) == 1
    assert np.array_equal(first, again)
    corrected(image, (2.0, 1.0, 1.0), tmp_path)  # another spacing is another image
    assert len(counted) == 2
