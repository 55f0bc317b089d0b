"""The novelty gate: it lets unseen patients of the same kind through and stops other kinds of images."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ContourQALib.case import Image
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.geometry import Grid
from ContourQALib.quality.descriptors import GROUPS, describe
from ContourQALib.quality.novelty import NoveltyGate, NoveltySamples, fit_cloud
from ContourQALib.quality.prediction import Prediction
from shapes import ball_mask

SHAPE = (24, 32, 24)
MASK = ball_mask(SHAPE, (12, 16, 12), 6)


def scan(seed, gain=100.0, offset=20.0):
    """A smooth background with a brighter ball and some noise, of patients who differ a little."""
    rng = np.random.default_rng(seed)
    ball = ndimage.gaussian_filter(MASK.astype(float), 1 + 0.3 * rng.random())
    texture = ndimage.gaussian_filter(rng.normal(0, 1, SHAPE), 3)
    values = 1 + (0.8 + 0.2 * rng.random()) * ball + 3 * texture + rng.normal(0, 0.03, SHAPE)
    return Image((gain * values + offset).astype(np.float32), Grid(SHAPE[::-1]))


@pytest.fixture(scope="module")
def gate():
    rng = np.random.default_rng(0)
    descriptors = np.stack([describe(scan(seed), MASK, "MR") for seed in range(60)])
    features = rng.normal(0, 1, (60, 40)) @ rng.normal(0, 1, (40, 40))
    return NoveltyGate.fit("MR", {"ball": NoveltySamples(np.arange(60), descriptors, features)})


def test_unseen_patients_of_the_same_kind_pass(gate):
    flagged = [bool(gate.judge(None, scan(seed), MASK, "Ball")) for seed in range(100, 140)]
    assert np.mean(flagged) <= 0.05


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: np.random.default_rng(0).normal(100, 20, v.shape),
        lambda v: -v,
        lambda v: ndimage.gaussian_filter(v, 2),
        lambda v: v + np.random.default_rng(0).normal(0, 0.3 * np.ptp(v), v.shape),
        lambda v: np.arange(v.size).reshape(v.shape),
        lambda v: np.where(v > np.median(v), 1.0, 0.0),
    ],
    ids=["noise", "inverted", "blurred", "noisy", "ramp", "two values"],
)
def test_images_of_another_kind_are_stopped(gate, spoil):
    image = scan(200)
    spoiled = replace(image, values=spoil(image.values.astype(float)).astype(np.float32))
    (reason,) = gate.judge(None, spoiled, MASK, "ball")
    assert "unlike those of training" in reason


def test_a_constant_image_is_stopped(gate):
    constant = replace(scan(0), values=np.full(SHAPE, 7.0, np.float32))
    assert gate.judge(None, constant, MASK, "ball") == (
        "The image shows a single intensity around the contour.",
    )


def test_an_unknown_structure_and_an_empty_contour_are_for_others_to_judge(gate):
    noise = replace(scan(0), values=np.random.default_rng(1).normal(0, 1, SHAPE).astype(np.float32))
    assert gate.judge(None, noise, MASK, "liver") == ()
    assert gate.judge(None, noise, np.zeros(SHAPE, bool), "ball") == ()


def test_features_far_from_training_are_stopped_and_absent_ones_are_not(gate):
    far = Prediction(dice=0.9, features=np.full(40, 60.0))
    (reason,) = gate.judge(far, scan(300), MASK, "ball")
    assert "network" in reason
    assert gate.judge(Prediction(dice=0.9), scan(300), MASK, "ball") == ()
    bad = Prediction(dice=0.9, features=np.full(40, np.nan))
    assert gate.judge(bad, scan(300), MASK, "ball")


@given(gain=st.floats(1e-2, 1e3), offset=st.floats(-1e3, 1e3))
@settings(max_examples=20, deadline=None)
def test_gain_and_offset_of_an_mr_scanner_do_not_matter(gain, offset):
    plain, scaled = scan(5, 1.0, 0.0), scan(5, gain, offset)
    # float32 keeps seven digits of the offset, which a small gain turns into 1e3 / 1e-2 times as much.
    tolerance = 1e-3 + 2e-6 * abs(offset) / gain
    assert describe(scaled, MASK, "MR") == pytest.approx(describe(plain, MASK, "MR"), abs=tolerance)


def test_ct_is_taken_in_hu():
    image = scan(6, 100.0, 0.0)
    shifted = replace(image, values=image.values + 100)
    difference = describe(shifted, MASK, "CT") - describe(image, MASK, "CT")
    levels = [n for n, group in enumerate(GROUPS) if abs(difference[n]) > 1e-4]
    assert difference[levels] == pytest.approx(0.1, abs=1e-4)  # 100 HU in units of 1000; float32 rounds
    assert len(levels) == 7  # five percentiles and two means


def test_surroundings_reach_as_far_in_mm_whatever_the_spacing():
    image = scan(7)
    far = image.values.copy()
    far[:, :, :2] += 500  # columns 0 and 1 lie 4 to 5 columns beyond the ball, 12 mm only with large voxels
    for spacing, seen in ((1.0, True), (6.0, False)):
        grid = Grid(SHAPE[::-1], (spacing,) * 3)
        one, other = (describe(Image(v, grid), MASK, "MR") for v in (image.values, far))
        assert (not np.allclose(one, other)) is seen


def test_patients_weigh_the_same_however_many_contours_they_have():
    rng = np.random.default_rng(8)
    points = rng.normal(0, 1, (40, 6))
    rows = np.concatenate([np.arange(40), np.zeros(50, int)])
    once, again = fit_cloud(points, np.arange(40)), fit_cloud(points[rows], rows)
    probe = rng.normal(0, 3, (5, 6))
    assert again.distances(probe) == pytest.approx(once.distances(probe), rel=1e-6)  # sums in another order


def test_a_cloud_of_normal_points_has_distances_about_one():
    rng = np.random.default_rng(9)
    mix = rng.normal(0, 1, (40, 40))
    cloud = fit_cloud(rng.normal(0, 1, (400, 40)) @ mix, np.arange(400))
    fresh = cloud.distances(rng.normal(0, 1, (1000, 40)) @ mix)
    # A chi of 40 dimensions over their root has mean 1; shrinkage to a tenth and estimation move it by less
    # than a fifth.
    assert fresh.mean() == pytest.approx(1, abs=0.2)
    assert (fresh > cloud.threshold).mean() < 0.02
    assert cloud.distances(10 * np.ones((1, 40)) @ mix)[0] > cloud.threshold


def test_what_is_read_is_what_was_written(gate, tmp_path):
    path = tmp_path / "novelty.json"
    gate.write(path)
    again = NoveltyGate.read(path)
    probe = np.random.default_rng(10).normal(0, 5, (20, 40))
    # Five significant digits are kept of every number.
    assert again.gates[0].features.distances(probe) == pytest.approx(
        gate.gates[0].features.distances(probe), rel=1e-3
    )
    assert path.stat().st_size < 30_000


@pytest.mark.parametrize(
    "change", [lambda g: g["features"].pop("rest"), lambda g: g["features"]["mean"].pop()]
)
def test_a_damaged_file_is_refused(gate, tmp_path, change):
    path = tmp_path / "novelty.json"
    gate.write(path)
    raw = json.loads(path.read_text())
    change(raw["gates"][0])
    path.write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="damaged"):
        NoveltyGate.read(path)


def test_too_few_patients_are_refused():
    with pytest.raises(SettingError, match="at least 20 patients, not 19"):
        fit_cloud(np.zeros((40, 3)), np.arange(40) % 19)


@pytest.mark.realdata
def test_real_hippocampus_images_pass_and_ct_of_the_neck_does_not(data):
    from ContourQALib.formats.contours import read_contours
    from ContourQALib.formats.images import read_image

    splits = Path(__file__).resolve().parents[2] / "Training" / "splits"
    with (splits / "hippocampus.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in ("train", "calibrate")]
    train = [row["patient"] for row in rows if row["split"] == "train"][:40]
    unseen = [row["patient"] for row in rows if row["split"] == "calibrate"][:20]

    def load(patient):
        folder = data / "hippocampus"
        (whole,) = read_contours(folder / "labels" / f"{patient}.nii.gz", merge="hippocampus")
        return read_image(folder / "images" / f"{patient}.nii.gz"), whole.mask

    described = np.stack([describe(*load(patient), "MR") for patient in train])
    gate = NoveltyGate.fit("MR", {"hippocampus": NoveltySamples(np.arange(len(train)), described)})
    flagged = [bool(gate.judge(None, *load(patient), "hippocampus")) for patient in unseen]
    assert sum(flagged) <= 2  # one in twenty is allowed; 20 patients show up to 2 of that by chance (92 %)
    folder = data / "openkbp" / "validation"
    for name in sorted(path.name.removesuffix("_ct.nii.gz") for path in folder.glob("*_ct.nii.gz"))[:2]:
        image = read_image(folder / f"{name}_ct.nii.gz")
        window = replace(image, values=np.clip(image.values, -160, 240))  # air that would betray a CT is gone
        for contour in read_contours(folder / f"{name}_oar.nii.gz"):
            assert gate.judge(None, window, contour.mask, "hippocampus")
