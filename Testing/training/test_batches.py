"""Batches: exact targets, the paper's one real and one swapped contour, the same again after a resume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from contourqa_training.augmentation import IntensityAugmentation, SpatialAugmentation
from contourqa_training.batches import QualityBatches, make_sample, sample_of
from contourqa_training.config import TrainingConfig
from ContourQALib.perturbation import perturb
from training_cases import GRADED_SCHEME, PAPERS_SCHEME, config, training_cases


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Written out, and not by the library's own metric."""
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


@pytest.mark.parametrize("text", [PAPERS_SCHEME, GRADED_SCHEME])
def test_targets_are_exact_for_the_masks_that_the_network_gets(text: str) -> None:
    """After every augmentation; the window holds the whole image, so the error map gives the reference."""
    settings = config(text)
    wide = replace(settings, preprocessing=replace(settings.preprocessing, size=(60, 60, 60)))
    batches = QualityBatches(training_cases(), wide, epoch=3)
    for index in range(len(batches)):
        x, target, error = batches[index]
        for n in range(len(target)):
            mask, wrong = x[n, 1].numpy() > 0, error[n].numpy() > 0
            if mask.any():
                # 1e-6: the target is stored as float32
                assert float(target[n]) == pytest.approx(dice(mask, mask ^ wrong), abs=1e-6)
            else:
                assert float(target[n]) == 0


def test_the_papers_batch_has_one_real_and_one_swapped_contour() -> None:
    batches = QualityBatches(training_cases(), config(PAPERS_SCHEME), epoch=0)
    assert len(batches) == 2  # four patients, two at a time
    for index in range(len(batches)):
        _, target, error = batches[index]
        assert target.shape == (2,)
        assert float(target[0]) == 1.0
        assert not error[0].any()
        assert float(target[1]) < 1.0
        assert error[1].any()


def test_an_epoch_gives_every_patient_one_turn_in_a_new_order() -> None:
    """Without augmentation the image channel tells the patient."""
    settings = replace(
        config(PAPERS_SCHEME),
        spatial=SpatialAugmentation(flip=False, rotation_radians=0, translation=0, zoom=0, elastic_mm=0),
        intensity=IntensityAugmentation(),
    )
    cases = training_cases(6)
    known = [sample_of(case, case.reference, settings).x[0] for case in cases]

    def order(epoch: int) -> list[int]:
        batches = QualityBatches(cases, settings, epoch)
        images = [x[0].numpy() for index in range(len(batches)) for x in batches[index][0]]
        # 0.1 of 255: coordinates of the unmoved voxels are rounded
        return [next(n for n, k in enumerate(known) if np.allclose(image, k, atol=0.1)) for image in images]

    orders = [order(epoch) for epoch in range(4)]
    assert all(sorted(o) == list(range(6)) for o in orders)
    assert len({tuple(o) for o in orders}) > 1


def test_a_batch_depends_on_seed_epoch_and_index_alone() -> None:
    def batch(settings: TrainingConfig, epoch: int, index: int) -> torch.Tensor:
        return QualityBatches(training_cases(), settings, epoch)[index][0]

    settings = config(GRADED_SCHEME)
    first = batch(settings, 5, 1)
    assert torch.equal(batch(settings, 5, 1), first)
    assert not torch.equal(batch(settings, 6, 1), first)
    assert not torch.equal(batch(settings, 5, 0), first)
    other = replace(settings, training=replace(settings.training, seed=1))
    assert not torch.equal(batch(other, 5, 1), first)


def test_an_epoch_has_as_many_batches_as_asked_and_goes_round() -> None:
    settings = config(GRADED_SCHEME)
    settings = replace(settings, training=replace(settings.training, batches_per_epoch=5))
    batches = QualityBatches(training_cases(), settings, epoch=0)
    assert len(list(batches)) == len(batches) == 5  # type: ignore[arg-type]


def test_a_moved_window_moves_image_mask_and_error_together() -> None:
    case, settings = training_cases(1)[0], config(GRADED_SCHEME)
    moved = perturb(case.reference, "shift", 4.0).mask
    masks = case.image.values, case.reference.mask, moved, (1.0, 1.0, 1.0), settings
    still, jittered = make_sample(*masks), make_sample(*masks, (2.0, 0.0, -1.0))
    assert jittered.dice == still.dice
    assert np.array_equal(jittered.x[1, :-2, :, 1:], still.x[1, 2:, :, :-1])
    assert np.array_equal(jittered.error[:-2, :, 1:], still.error[2:, :, :-1])


def test_the_sample_to_judge_by_is_what_inference_sees() -> None:
    from ContourQALib.quality.preprocessing import prepare

    case, settings = training_cases(1)[0], config(GRADED_SCHEME)
    contour = perturb(case.reference, "dilate", 2.0)
    sample = sample_of(case, contour, settings)
    assert np.array_equal(sample.x, prepare(case.image, contour, settings.preprocessing))
    assert sample.dice == pytest.approx(dice(case.reference.mask, contour.mask), abs=1e-12)
    assert sample.error.sum() == (case.reference.mask ^ contour.mask).sum()


def test_a_contour_with_nothing_right_has_dice_zero() -> None:
    case = training_cases(1)[0]
    empty = np.zeros_like(case.reference.mask)
    settings = config(GRADED_SCHEME)
    sample = make_sample(case.image.values, case.reference.mask, empty, (1.0, 1.0, 1.0), settings)
    assert sample.dice == 0.0
    nothing = make_sample(case.image.values, empty, empty, (1.0, 1.0, 1.0), settings)
    assert nothing.dice == 0.0
