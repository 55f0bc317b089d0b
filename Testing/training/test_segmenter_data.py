"""What a segmenter learns from: the slices of an epoch, and the weights of classes by their rarity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from contourqa_training.patients import Patients
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.slices import SliceSet


def slice_set(counts: Sequence[int], size: int = 4) -> SliceSet:
    """So many empty slices of each patient, liver and spleen contoured in everyone."""
    total = sum(counts)
    return SliceSet(
        structures=("liver", "spleen"),
        cases=tuple(f"case_{n}" for n in range(len(counts))),
        images=np.zeros((total, size, size), np.uint8),
        bits=np.zeros((total, size, size), np.uint8),
        patient=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        k=np.concatenate([np.arange(n, dtype=np.int32) for n in counts]),
        known_by_case=np.ones((len(counts), 2), bool),
        fingerprint="",
    )


def data_of(slices: SliceSet) -> SegmenterData:
    """Everybody but the last patient trains."""
    patients = Patients(slices.cases[:-1], slices.cases[-1:])
    return SegmenterData(slices, slices.structures, patients)


@pytest.mark.parametrize("count", [40, 41, 44, 3, 1])
def test_an_epoch_takes_as_many_slices_of_every_patient(count: int) -> None:
    data = data_of(slice_set([30, 12, 3, 7, 9]))
    drawn = data.of_pass(epoch=2, count=count, seed=1)
    assert len(drawn) == count
    of_patient = np.bincount(data.slices.patient[drawn], minlength=5)
    assert of_patient[4] == 0  # who chooses
    assert of_patient[:4].max() - of_patient[:4].min() <= 1
    # nobody's slice comes again before all of his have come
    for patient in range(4):
        often = np.bincount(drawn)[data.slices.patient[: drawn.max() + 1] == patient]
        if often.size and of_patient[patient] >= (data.slices.patient == patient).sum():
            assert often.max() - often.min() <= 1
        elif often.size:
            assert often.max() <= 1


def test_an_epoch_is_drawn_by_its_number_and_the_seed_alone() -> None:
    data = data_of(slice_set([30, 30, 30]))
    first = data.of_pass(0, 20, seed=1)
    assert np.array_equal(first, data_of(slice_set([30, 30, 30])).of_pass(0, 20, seed=1))
    assert not np.array_equal(first, data.of_pass(1, 20, seed=1))
    assert not np.array_equal(first, data.of_pass(0, 20, seed=2))


def test_without_a_count_an_epoch_is_every_slice_once() -> None:
    data = data_of(slice_set([5, 6, 7]))
    assert np.array_equal(data.of_pass(3, 0, seed=1), np.arange(11))


def test_a_few_patients_are_seen_as_often_as_many_over_the_epochs() -> None:
    data = data_of(slice_set([10] * 8))  # seven train, three slices an epoch
    often = sum(
        np.bincount(data.slices.patient[data.of_pass(epoch, 3, seed=0)], minlength=8) for epoch in range(200)
    )
    # 600 draws of seven: 86 each, sd below sqrt(600 / 7 * 6 / 7) = 8.6; four of them
    assert np.abs(np.asarray(often)[:7] - 600 / 7).max() < 4 * 8.6


def test_weights_are_powers_of_rarity_with_a_mean_of_one_over_the_voxels() -> None:
    slices = slice_set([4, 2])
    slices.bits[0, :2] = 1  # 8 of the 4 x 16 training voxels are liver
    slices.bits[1, 0, :2] = 2  # 2 are spleen
    slices.bits[4:] = 2  # who chooses does not count
    data = data_of(slices)
    frequency = np.array([54, 8, 2]) / 64
    for balance in (0.0, 0.25, 1.0):
        weights = np.array(data.class_weights(balance))
        assert weights @ frequency == pytest.approx(1)
        assert weights / weights[0] == pytest.approx((frequency / frequency[0]) ** -balance)
    assert data.class_weights(0.0) == pytest.approx((1, 1, 1))
    # every class then counts alike in the sum over voxels
    assert np.array(data.class_weights(1.0)) * frequency == pytest.approx([1 / 3] * 3)


def test_a_class_s_rarity_is_that_where_it_was_contoured() -> None:
    slices = slice_set([4, 4, 2])
    slices.bits[:, 0, 0] = 1  # liver: 1 of 16 voxels of everybody
    slices.bits[:4, 1, :2] = 2  # spleen: 2 of 16 of the first patient
    slices.known_by_case[1, 1] = False  # the second one's spleen is there, only not contoured
    weights = np.array(data_of(slices).class_weights(1.0))
    assert weights[1] / weights[2] == pytest.approx(2)
