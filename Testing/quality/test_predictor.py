"""Bundles of the error network: one pass for many contours, any orientation, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bundles import write_error_bundle
from ContourQALib.case import Contour, Image
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.geometry import Grid
from ContourQALib.networks.error_unet3d import ErrorPrediction
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.network_runner import WINDOWS_AT_ONCE, NetworkRunner
from shapes import ball_mask, box_mask

SHAPE = (22, 24, 20)
GRID = Grid.for_shape(SHAPE)
IMAGE = Image(np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32), GRID)
MASKS = {
    "ball": ball_mask(SHAPE, (10, 12, 9), 5),
    "cube": box_mask(SHAPE, (4, 5, 6), (10, 12, 11)),
    "sphere": box_mask(SHAPE, (0, 8, 8), (22, 11, 12)),  # longer than a window
}
CONTOURS = [Contour(mask, GRID, name) for name, mask in MASKS.items()]
HINT = (MASKS["ball"] * 0.75).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def on_the_processor() -> Iterator[None]:
    """The same arithmetic on every machine; what a GPU does is tested where there is one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_error_bundle(tmp_path_factory.mktemp("bundles") / "toy")


@pytest.fixture(scope="module")
def model(folder: Path) -> QualityModel:
    return find_model(str(folder))


def test_contours_of_one_pass_are_predicted_as_one_by_one(model: QualityModel) -> None:
    hints = [HINT, None, None]
    together = model.predict(IMAGE, CONTOURS, hints)
    alone = [model.predict(IMAGE, [c], [hint])[0] for c, hint in zip(CONTOURS, hints, strict=True)]
    for one, other in zip(together, alone, strict=True):
        # 1e-5: float32, batched convolutions sum in another order
        assert one.dice == pytest.approx(other.dice, abs=1e-5)
        assert one.hd95_mm == pytest.approx(other.hd95_mm, rel=1e-4)
        assert one.msd_mm == pytest.approx(other.msd_mm, rel=1e-4)
        np.testing.assert_allclose(one.error.padded(GRID), other.error.padded(GRID), atol=1e-5)
        np.testing.assert_allclose(one.features, other.features, atol=1e-4)


def test_dice_follows_from_the_map(model: QualityModel) -> None:
    for contour, found in zip(CONTOURS, model.predict(IMAGE, CONTOURS), strict=True):
        assert found.error is not None
        error = found.error.padded(GRID)
        assert 0 <= error.min() <= error.max() <= 1
        over = float(error[contour.mask].sum(dtype=float))
        under = float(error[~contour.mask].sum(dtype=float))
        correct = np.count_nonzero(contour.mask) - over
        assert found.dice == pytest.approx(2 * correct / (2 * correct + over + under), rel=1e-5)
        assert found.seen_share == 1
        assert found.hd95_mm is not None
        assert found.hd95_mm >= 0


def test_a_hint_changes_the_answer_and_one_of_half_everywhere_is_none(model: QualityModel) -> None:
    """2 p - 1 of one half is 0, what the network is shown where there is no hint."""
    (none,) = model.predict(IMAGE, CONTOURS[:1])
    (hinted,) = model.predict(IMAGE, CONTOURS[:1], [HINT])
    (unsure,) = model.predict(IMAGE, CONTOURS[:1], [np.full(SHAPE, 0.5, np.float32)])
    assert abs(hinted.dice - none.dice) > 1e-4
    assert unsure.dice == pytest.approx(none.dice, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "origin", "direction", "turn"),
    [
        # stored from left to right and from back to front
        (SHAPE[::-1], (19.0, 23.0, 0.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1), lambda a: a[:, ::-1, ::-1]),
        # stored sagittally: I, J, K run to posterior, superior, left
        ((24, 22, 20), (0.0, 0.0, 0.0), (0, 0, 1, 1, 0, 0, 0, 1, 0), lambda a: a.transpose(2, 0, 1)),
    ],
)
def test_the_way_an_image_is_stored_changes_nothing(
    model: QualityModel, size: Any, origin: Any, direction: Any, turn: Any
) -> None:
    grid = Grid(size, (1.0, 1.0, 1.0), origin, direction)
    image = Image(turn(IMAGE.values), grid)
    contours = [Contour(turn(c.mask), grid, c.name) for c in CONTOURS]
    there = model.predict(image, contours, [turn(HINT), None, None])
    for one, other in zip(there, model.predict(IMAGE, CONTOURS, [HINT, None, None]), strict=True):
        assert one.dice == pytest.approx(other.dice, abs=1e-6)
        np.testing.assert_allclose(one.error.padded(grid), turn(other.error.padded(GRID)), atol=1e-6)


def test_a_slightly_oblique_image_counts_as_its_nearest_axes(model: QualityModel) -> None:
    cos, sin = np.cos(0.3), np.sin(0.3)
    grid = replace(GRID, direction=(cos, -sin, 0, sin, cos, 0, 0, 0, 1))
    oblique = model.predict(Image(IMAGE.values, grid), [replace(CONTOURS[0], grid=grid)])
    assert oblique[0].dice == pytest.approx(model.predict(IMAGE, CONTOURS[:1])[0].dice, abs=1e-6)


def test_a_contour_cropped_to_its_box_is_predicted_as_the_whole(model: QualityModel) -> None:
    low, high = (4, 6, 3), (16, 18, 16)
    part = MASKS["ball"][tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    assert part.sum() == MASKS["ball"].sum()
    cropped = Contour(part, replace(Grid.for_shape(part.shape), origin=(3.0, 6.0, 4.0)), "ball")
    assert model.predict_dice(IMAGE, cropped) == pytest.approx(model.predict_dice(IMAGE, CONTOURS[0]))


def test_structures_are_told_apart_and_known_by_their_aliases(model: QualityModel) -> None:
    ball, cube, sphere, spelled = (
        model.predict_dice(IMAGE, Contour(MASKS["ball"], GRID, name))
        for name in ("ball", "cube", "sphere", "Ball ")
    )
    assert abs(ball - cube) > 1e-5
    assert ball == sphere == spelled


def test_an_unknown_structure_is_refused_by_name(model: QualityModel) -> None:
    with pytest.raises(ModelError, match="toy does not know the structure spleen"):
        model.predict(IMAGE, [CONTOURS[0], replace(CONTOURS[1], name="spleen")])


def test_nothing_to_predict_is_nothing(model: QualityModel) -> None:
    assert model.predict(IMAGE, []) == []


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "transformer"},
        {"network": {"widths": [8, 16], "structures": 3, "group_count": 4}},
        {"network": {"depth": 3}},
        {"preprocessing": {"shape": [8, 8, 8]}},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = write_error_bundle(tmp_path / "toy", config)
    with pytest.raises(ModelError, match="do not fit"):
        find_model(str(folder)).predict_dice(IMAGE, CONTOURS[0])


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    folder = write_error_bundle(tmp_path / "toy")
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged.*hash"):
        find_model(str(folder)).predict_dice(IMAGE, CONTOURS[0])


class _Scarce(torch.nn.Module):
    """Stands for a network whose GPU has too little memory the first time; answers the mean of its input."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures, self.batches = failures, []

    def forward(self, x: torch.Tensor, structures: torch.Tensor) -> ErrorPrediction:
        if self.failures:
            self.failures -= 1
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(x))
        assert len(structures) == len(x)
        level = x.mean(dim=(1, 2, 3, 4))
        return ErrorPrediction(
            level[:, None, None, None].expand(x[:, 0].shape), level[:, None].expand(-1, 2), level[:, None]
        )


def test_a_gpu_without_memory_is_given_up_for_the_processor_with_a_warning() -> None:
    runner = NetworkRunner(_Scarce(1))
    inputs = np.random.default_rng(0).random((3, 3, 2, 2, 2)).astype(np.float32)
    with pytest.warns(UserWarning, match="too little memory.*processor"):
        said = runner(inputs, [0, 0, 0])
    assert runner.device == "cpu"
    # 1e-6: float32
    np.testing.assert_allclose(said.features[:, 0], inputs.mean(axis=(1, 2, 3, 4)), rtol=1e-6)


def test_a_processor_without_memory_is_an_error() -> None:
    runner = NetworkRunner(_Scarce(2))
    with pytest.warns(UserWarning, match="too little"), pytest.raises(torch.cuda.OutOfMemoryError):
        runner(np.zeros((1, 3, 2, 2, 2), np.float32), [0])


def test_a_lone_window_is_asked_about_as_two_and_answered_once() -> None:
    network = _Scarce(0)
    inputs = np.random.default_rng(0).random((1, 3, 2, 2, 2)).astype(np.float32)
    said = NetworkRunner(network, "cpu")(inputs, [0])
    assert network.batches == [2]
    assert [len(answer) for answer in (said.errors, said.distances_mm, said.features)] == [1, 1, 1]
    # 1e-6: float32
    np.testing.assert_allclose(said.features[:, 0], inputs.mean(axis=(1, 2, 3, 4)), rtol=1e-6)


def test_a_model_computes_on_the_device_it_is_asked_for(tmp_path: Path) -> None:
    model = find_model(str(write_error_bundle(tmp_path / "toy")))
    assert model.on("auto") is model
    on_processor = model.on("cpu")
    assert on_processor is model.on("cpu")
    assert on_processor.loaded.runner.device == "cpu"
    with pytest.raises(SettingError, match="no device 'abacus'"):
        _ = model.on("abacus").loaded
    with pytest.raises(SettingError, match="No GPU"):
        _ = model.on("cuda").loaded


def test_many_windows_come_in_batches_and_in_their_order() -> None:
    network = _Scarce(0)
    count = 2 * WINDOWS_AT_ONCE + 3
    inputs = np.arange(count, dtype=np.float32).reshape(-1, 1, 1, 1, 1) * np.ones((1, 3, 2, 2, 2), np.float32)
    said = NetworkRunner(network)(inputs, [0] * count)
    assert network.batches == [WINDOWS_AT_ONCE, WINDOWS_AT_ONCE, 3]
    assert said.features[:, 0].tolist() == list(range(count))
    # log(1 + mm) undone; 1e-5: float32
    np.testing.assert_allclose(said.distances_mm[:, 0], np.expm1(np.arange(count)), rtol=1e-5)


def test_parts_thinner_than_the_windows_voxels_still_have_distances(model: QualityModel) -> None:
    grid = Grid.for_shape((100, 14, 14), (0.2, 0.2, 0.2))  # voxels of a fifth of the window's
    mask = np.zeros(grid.shape, bool)
    mask[1, 3, 3] = mask[98, 9, 9] = True  # two voxels, farther apart than a window is long
    values = np.random.default_rng(1).normal(100, 20, grid.shape).astype(np.float32)
    (said,) = model.predict(Image(values, grid), [Contour(mask, grid, "ball")])
    assert said.hd95_mm is not None
    assert said.msd_mm is not None
    assert np.isfinite([said.dice, said.hd95_mm, said.msd_mm]).all()
