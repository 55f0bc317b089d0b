"""Samples of the error network: exact targets, hints, mirrored structures, the same again after a resume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from contourqa_training.error_config import ErrorConfig
from contourqa_training.error_samples import (
    ErrorBatch,
    ErrorBatches,
    LibraryIndex,
    choosing_batches,
    make_sample,
)
from contourqa_training.library import ContourLibrary, LibraryContour
from ContourQALib.quality.preprocessing import window_center
from ContourQALib.quality.windows import cut_windows
from error_runs import SHAPE, STRUCTURES, error_config, plain, write_library

WHOLE = {"size": (16, 20, 28)}
"""A window that shows a whole image."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ContourLibrary:
    return ContourLibrary.open(write_library(tmp_path_factory.mktemp("library") / "balls", {"train": 3}))


@pytest.fixture(scope="module")
def index(library: ContourLibrary) -> LibraryIndex:
    return LibraryIndex(library, library.of_split("train"), STRUCTURES)


@pytest.fixture
def config(tmp_path: Path) -> ErrorConfig:
    return error_config(tmp_path)


def of_kind(library: ContourLibrary, kind: str) -> LibraryContour:
    return next(c for c in library.contours if c.kind == kind)


def seeing_all(config: ErrorConfig) -> ErrorConfig:
    return replace(config, preprocessing=replace(config.preprocessing, **WHOLE))


def drawn(index: LibraryIndex, config: ErrorConfig, epoch: int = 0, count: int = 6) -> list[ErrorBatch]:
    wanted = replace(config, training=replace(config.training, batches_per_epoch=count))
    batches = ErrorBatches(index, wanted, epoch)
    return [batches[n] for n in range(len(batches))]


def test_the_target_is_where_mask_and_reference_differ(library: ContourLibrary, config: ErrorConfig) -> None:
    for contour in library.contours[:5]:
        case = library.case(contour.patient)
        mask, reference = case.mask(contour), case.references[contour.structure]
        center = (np.array(SHAPE) - 1) / 2
        sample = make_sample(case, contour, None, seeing_all(config), center)
        assert np.array_equal(sample.x[1] > 0, sample.x[1] == 1)
        assert sample.x[1].sum() == mask.sum()
        assert sample.error.sum() == (mask ^ reference).sum()
        assert (sample.error & (sample.x[1] > 0)).sum() == (mask & ~reference).sum()
        assert sample.dice == pytest.approx(contour.dice)
        assert sample.whole_dice == contour.dice
        np.testing.assert_allclose(sample.distances, np.log1p([contour.hd95_mm, contour.msd_mm]))


def test_a_sample_that_is_neither_bent_nor_moved_is_what_inference_sees(
    library: ContourLibrary, config: ErrorConfig
) -> None:
    contour = of_kind(library, "first")
    case = library.case(contour.patient)
    hint, mask = case.probability(contour), case.mask(contour)
    center = window_center(mask, config.preprocessing)
    sample = make_sample(case, contour, hint, config, center)
    shown = cut_windows(case.values, mask, hint, case.spacing_kji, config.preprocessing)
    assert np.array_equal(sample.x, shown.inputs[0])


def test_targets_stay_exact_however_a_sample_is_bent(index: LibraryIndex, config: ErrorConfig) -> None:
    """The window shows the whole image, so mask and error give the reference that Dice is taken against."""
    bent = seeing_all(replace(config, spatial=replace(config.spatial, share=1.0)))
    for batch in drawn(index, bent):
        for n in range(len(batch.dice)):
            mask, wrong = batch.x[n, 1].numpy() > 0, batch.error[n].numpy() > 0
            reference = mask ^ wrong
            expected = 2 * (mask & reference).sum() / (mask.sum() + reference.sum())
            assert float(batch.dice[n]) == pytest.approx(float(expected), abs=1e-6)  # float32


def test_distances_are_not_taught_where_the_window_does_not_show_all_that_is_wrong(
    library: ContourLibrary, config: ErrorConfig
) -> None:
    contour = of_kind(library, "first")
    case = library.case(contour.patient)
    center = window_center(case.mask(contour), config.preprocessing)
    seen = make_sample(case, contour, None, config, center)
    half = make_sample(case, contour, None, config, center + np.array([6.0, 0.0, 0.0]))
    assert np.isfinite(seen.distances).all()
    assert np.isnan(half.distances).all()
    far = make_sample(case, replace(contour, hd95_mm=float("inf")), None, config, center)
    assert np.isnan(far.distances).all()


def test_a_flip_swaps_mirrored_structures(index: LibraryIndex, config: ErrorConfig) -> None:
    """The left ball has the larger third index, but in a flipped image; the window shows both balls."""
    turned = seeing_all(plain(config))
    spatial = replace(
        config.spatial, share=1.0, flip=True, rotation_radians=0.0, translation=0.0, zoom=0.0, elastic_mm=0.0
    )
    flipping = replace(
        turned, spatial=spatial, training=replace(turned.training, references=1.0, natural=0.0, others=0.0)
    )
    sides = set()
    for patient, case in index.cases.items():
        for structure in STRUCTURES:
            contour = index.by_kind[structure]["G"][patient][0]
            middle = (np.array(SHAPE) - 1) / 2
            for seed in range(4):
                random = np.random.default_rng(seed)
                sample = make_sample(case, contour, None, flipping, middle, random)
                third = float(np.argwhere(sample.x[1] > 0)[:, 2].mean())
                shown = "left" if third > (WHOLE["size"][2] - 1) / 2 else "right"
                assert STRUCTURES[sample.structure] == shown
                assert not sample.error.any()
                sides.add((structure, shown))
    assert len(sides) == 4  # flipped and not, both of both


def test_structures_without_a_mirrored_partner_stay_what_they_are(config: ErrorConfig) -> None:
    assert [config.model.mirror_of(name) for name in ("left", "right", "cord")] == ["right", "left", "cord"]


def test_a_batch_depends_on_seed_epoch_and_index_alone(index: LibraryIndex, config: ErrorConfig) -> None:
    first = ErrorBatches(index, config, 5)[1]
    for one, again in zip(first, ErrorBatches(index, config, 5)[1], strict=True):
        assert torch.equal(torch.nan_to_num(one), torch.nan_to_num(again))
    reseeded = replace(config, training=replace(config.training, seed=1))
    others = (
        ErrorBatches(index, config, 6)[1],
        ErrorBatches(index, config, 5)[0],
        ErrorBatches(index, reseeded, 5)[1],
    )
    assert not any(torch.equal(first.x, other.x) for other in others)


def test_batches_have_the_types_and_shapes_that_the_network_takes(
    index: LibraryIndex, config: ErrorConfig
) -> None:
    batch = ErrorBatches(index, config, 0)[0]
    assert batch.x.shape == (2, 3, *config.preprocessing.size)
    assert batch.error.shape == (2, *config.preprocessing.size)
    assert batch.distances.shape == (2, 2)
    assert batch.structure.dtype == torch.int64
    assert {batch.x.dtype, batch.error.dtype, batch.dice.dtype, batch.distances.dtype} == {torch.float32}
    with pytest.raises(IndexError):
        ErrorBatches(index, config, 0)[config.training.batches_per_epoch]


@pytest.mark.parametrize(
    ("shares", "kinds"),
    [
        ({"natural": 1.0, "references": 0.0, "others": 0.0}, {"first", "second"}),
        ({"natural": 0.0, "references": 1.0, "others": 0.0}, {"reference"}),
        ({"natural": 0.0, "references": 0.0, "others": 0.0}, {"shift"}),
        ({"natural": 0.0, "references": 0.0, "others": 1.0}, {"other-patient"}),
    ],
)
def test_the_shares_say_what_is_drawn(
    index: LibraryIndex, config: ErrorConfig, shares: dict[str, float], kinds: set[str]
) -> None:
    contours = [c for s in STRUCTURES for p in index.cases for c in index.of(p, s)]
    allowed = np.array([c.dice for c in contours if c.kind in kinds])
    settings = plain(replace(config, training=replace(config.training, **shares)))
    for batch in drawn(index, settings, count=4):
        for dice in batch.whole_dice.tolist():
            assert np.abs(allowed - dice).min() < 1e-6  # float32


def test_hints_are_the_contours_map_another_networks_contour_or_nothing(
    index: LibraryIndex, config: ErrorConfig
) -> None:
    natural = {"natural": 1.0, "references": 0.0, "others": 0.0}

    def hints(**shares: float) -> list[torch.Tensor]:
        training = replace(config.training, **natural, **shares)
        found = drawn(index, plain(replace(config, training=training)), count=8)
        return [x[2] for batch in found for x in batch.x]

    assert not any(hint.any() for hint in hints(map_shown=0.0, second_shown=0.0))
    for hint in hints(map_shown=0.0, second_shown=1.0):
        assert set(hint.unique().tolist()) == {-1.0, 1.0}
    maps = hints(map_shown=1.0, second_shown=0.0)
    shown = [hint for hint in maps if hint.any()]
    assert 0 < len(shown) < len(maps)  # the second network's contours have no map
    assert all(-1 <= hint.min() < 0 < hint.max() <= 1 for hint in shown)


def test_an_ablation_without_the_image_sees_the_mask_alone(index: LibraryIndex, config: ErrorConfig) -> None:
    blind = replace(config, training=replace(config.training, image=False))
    one, other = drawn(index, config, count=1)[0], drawn(index, blind, count=1)[0]
    assert one.x[:, 0].any()
    assert not other.x[:, 0].any()
    assert torch.equal(one.x[:, 1:], other.x[:, 1:])


def test_drawing_by_dice_spreads_over_dice(index: LibraryIndex, config: ErrorConfig) -> None:
    """Otherwise contours are as good as networks and errors happen to leave them."""

    def spread(balanced: float) -> float:
        training = replace(config.training, balanced=balanced, natural=0.4, others=0.0, references=0.0)
        found = drawn(index, plain(replace(config, training=training)), count=20)
        return float(np.std([d for batch in found for d in batch.whole_dice.tolist()]))

    assert spread(1.0) >= 0.9 * spread(0.0)


def test_choosing_batches_are_natural_contours_without_hints_and_always_the_same(
    index: LibraryIndex, config: ErrorConfig
) -> None:
    batches = choosing_batches(index, config)
    # three patients, two structures, two natural contours each
    assert sum(len(batch.dice) for batch in batches) == 12
    for batch, again in zip(batches, choosing_batches(index, config), strict=True):
        assert not batch.x[:, 2].any()
        assert torch.equal(batch.x, again.x)
        assert (batch.whole_dice < 1).all()
