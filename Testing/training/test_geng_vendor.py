"""The vendor's patients: shapes of known growth, images of known noise, and what a folder holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contourqa_training.config_file import read_section
from contourqa_training.geng.protocol import (
    AIR_HU,
    VendorSettings,
    vendor_grid,
    vendor_image,
    vendor_labels,
)
from contourqa_training.geng.split import ORGANS
from contourqa_training.geng.vendor import FACTS, measure_protocol, write_vendor_cohort
from contourqa_training.segmentation_cases import find_cases, read_case
from ContourQALib.case import Image
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.geometry import Grid
from shapes import ball_mask
from slice_folders import SPACING, write_openkbp

BOTH = {"Brainstem": 1, "SpinalCord": 2}
PATIENTS = ("pt_1", "pt_2", "pt_10")


def protocol(spacing: tuple[float, ...] = (1.0, 1.0, 1.0), **changes: float) -> VendorSettings:
    """A vendor who does nothing but what is said."""
    nothing = {"smoothing_mm": 0.0, "noise_hu": 0.0, "expansion_mm": 0.0, "extension_mm": 0.0}
    return VendorSettings(spacing_mm=spacing, **(nothing | changes))


def source(folder: Path) -> Path:
    """Three patients, pt_2 without a spinal cord."""
    organs = {"pt_1": BOTH, "pt_2": {"Brainstem": 1}, "pt_10": BOTH}
    return write_openkbp(folder / "train", organs).parent


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (3.9, 3.9, 2.5)])
def test_a_ball_grows_by_the_expansion(voxel: tuple[float, float, float]) -> None:
    radius_mm, expansion_mm = 20.0, 3.0
    size = [int(60 / step) + 1 for step in voxel[::-1]]
    center = [60 / step / 2 for step in voxel[::-1]]
    k, j, i = np.ogrid[: size[0], : size[1], : size[2]]
    squared = sum(((n - c) * s) ** 2 for n, c, s in zip((k, j, i), center, voxel[::-1], strict=True))
    mask = squared <= radius_mm**2
    grid = Grid.for_shape(mask.shape, voxel)
    how = protocol(expansion_mm=expansion_mm)
    grown = vendor_labels({"ball": mask}, grid, how)["ball"]
    radius_found = (3 / (4 * np.pi) * grown.sum() * vendor_grid(grid, how).voxel_volume_cc * 1000) ** (1 / 3)
    # 1 mm voxels: cells of 1 mm hold the distance to half of one; 3.9 mm ones draw the ball itself as roughly
    assert radius_found == pytest.approx(radius_mm + expansion_mm, abs=0.5)


def test_a_cylinder_gets_longer_by_twice_the_extension_and_no_wider() -> None:
    mask = np.zeros((30, 21, 21), bool)
    mask[10:20] = ball_mask((1, 21, 21), (0, 10, 10), 6)[0]
    grid = Grid.for_shape(mask.shape, (2.0, 2.0, 3.0))
    longer = vendor_labels({"cord": mask}, grid, protocol((2.0, 2.0, 3.0), extension_mm=6.0))["cord"]
    assert np.flatnonzero(longer.any(axis=(1, 2))).tolist() == list(range(8, 22))
    assert all(np.array_equal(longer[k], mask[10]) for k in range(8, 22))
    # what grows in every direction is counted within the extension, unless it reaches farther
    for expansion_mm, slices in ((2.0, 14), (6.0, 14), (9.0, 16)):
        how = protocol((2.0, 2.0, 3.0), extension_mm=6.0, expansion_mm=expansion_mm)
        grown = vendor_labels({"cord": mask}, grid, how)["cord"]
        assert grown.any(axis=(1, 2)).sum() == slices
        assert grown[15].sum() > mask[15].sum()


def test_the_extension_ends_with_the_image() -> None:
    mask = np.zeros((6, 9, 9), bool)
    mask[1:6, 3:6, 3:6] = True
    grid = Grid.for_shape(mask.shape, (1.0, 1.0, 1.0))
    longer = vendor_labels({"cord": mask}, grid, protocol(extension_mm=4.0))["cord"]
    assert np.array_equal(longer, np.broadcast_to(mask[3], mask.shape))


@given(
    mask=arrays(bool, (4, 5, 6)).filter(lambda mask: mask.any()),
    spacing=st.tuples(*(st.sampled_from((0.7, 1.0, 1.6, 2.5, 3.9)),) * 3),
)
@settings(max_examples=40, deadline=None)
def test_nothing_grown_is_the_clinical_contour_and_growing_only_adds(
    mask: np.ndarray, spacing: tuple[float, float, float]
) -> None:
    grid = Grid.for_shape(mask.shape, spacing)
    masks = {"organ": mask}
    assert np.array_equal(vendor_labels(masks, grid, protocol(spacing))["organ"], mask)
    little = vendor_labels(masks, grid, protocol(spacing, expansion_mm=1.0))["organ"]
    much = vendor_labels(masks, grid, protocol(spacing, expansion_mm=3.0, extension_mm=3.0))["organ"]
    assert not (mask & ~little).any()
    assert not (little & ~much).any()


def test_a_contour_lies_where_the_clinical_one_does_whatever_the_axes() -> None:
    mask = np.zeros((12, 20, 24), bool)
    mask[3:9, 5:14, 8:20] = True
    turned = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    grid = Grid((24, 20, 12), (3.9, 3.9, 2.5), (50.0, -30.0, 7.0), turned)
    how = protocol((3.3, 3.3, 3.0), expansion_mm=2.0)
    drawn = vendor_labels({"organ": mask}, grid, how)["organ"]
    centers = [
        g.index_to_world(np.argwhere(m)[:, ::-1]).mean(axis=0)
        for g, m in ((grid, mask), (vendor_grid(grid, how), drawn))
    ]
    # the vendor's voxels lie unevenly on the two sides: the middle moves by half a voxel at most
    assert np.abs(centers[0] - centers[1]).max() <= 3.3 / 2


def test_two_contours_share_no_voxel_and_meet_in_the_middle() -> None:
    left, right = np.zeros((2, 9, 9, 24), bool)
    left[3:6, 3:6, 2:10] = True
    right[3:6, 3:6, 14:22] = True  # 4 mm of nothing between them
    grid = Grid.for_shape(left.shape, (1.0, 1.0, 1.0))
    drawn = vendor_labels({"left": left, "right": right}, grid, protocol(expansion_mm=3.0))
    assert not (drawn["left"] & drawn["right"]).any()
    assert drawn["left"][4, 4].nonzero()[0].tolist() == list(range(0, 12))
    assert drawn["right"][4, 4].nonzero()[0].tolist() == list(range(12, 24))


def test_the_grid_covers_the_image_from_the_same_face() -> None:
    grid = Grid((24, 20, 12), (3.9, 3.9, 2.5), (50.0, -30.0, 7.0))
    theirs = vendor_grid(grid, VendorSettings())
    assert theirs.spacing == VendorSettings().spacing_mm
    first = [g.index_to_world((-0.5, -0.5, -0.5)) for g in (grid, theirs)]
    assert np.allclose(*first, atol=1e-9)  # rounding
    last = [g.index_to_world(np.array(g.size) - 0.5) for g in (grid, theirs)]
    assert (np.abs(last[0] - last[1]) <= np.array(theirs.spacing) / 2).all()


def test_the_image_is_softened_inside_the_body_and_air_stays_outside() -> None:
    values = np.full((8, 30, 30), AIR_HU, np.int16)
    values[:, 5:25, 5:25] = 40
    image = Image(values, Grid.for_shape(values.shape, (3.9, 3.9, 2.5)))
    random = np.random.default_rng(0)
    even = vendor_image(image, protocol((3.3, 3.3, 3.0), smoothing_mm=4.0), random).values
    assert even.dtype == np.int16
    assert set(np.unique(even)) == {AIR_HU, 40}  # a body of one kind has no dark rim
    noisy = vendor_image(image, protocol((3.3, 3.3, 3.0), smoothing_mm=4.0, noise_hu=25.0), random).values
    body = even == 40
    assert (noisy[~body] == AIR_HU).all()
    error = 25 / np.sqrt(body.sum())
    assert noisy[body].mean() == pytest.approx(40, abs=4 * error)  # 1 in 16 000
    assert noisy[body].std() == pytest.approx(25, abs=4 * error)


def test_smoothing_takes_noise_away_and_an_airway_is_body() -> None:
    random = np.random.default_rng(0)
    values = np.full((6, 40, 40), AIR_HU, np.int16)
    values[:, 4:36, 4:36] = random.normal(0, 50, (6, 32, 32))
    values[:, 18:23, 18:23] = AIR_HU
    image = Image(values, Grid.for_shape(values.shape, (2.0, 2.0, 2.0)))
    soft, noisy = (
        vendor_image(image, protocol((2.0, 2.0, 2.0), smoothing_mm=4.0, noise_hu=hu), random).values
        for hu in (0.0, 25.0)
    )
    assert soft[:, 6:12, 6:34].std() < 50 / 4  # a Gaussian of two voxels averages over 4 pi 2**2 = 50 of them
    assert (soft[:, 20, 20] > AIR_HU).all()  # its wall is smeared into it, as a scanner would
    assert noisy[:, 18:23, 18:23].std() > 0


def test_a_cohort_is_a_plain_data_folder(tmp_path: Path) -> None:
    told: list[str] = []
    folder = tmp_path / "vendor"
    write_vendor_cohort(source(tmp_path), PATIENTS, folder, VendorSettings(), report=told.append)
    cases = find_cases(folder, ORGANS)
    assert [case.name for case in cases] == list(PATIENTS)
    organs = [set(read_case(case)[1]) for case in cases]
    assert organs == [set(BOTH), {"Brainstem"}, set(BOTH)]  # what was not contoured stays so
    assert told[-1] == "pt_10 as the vendor's patient, 3 of 3."
    image, _ = read_case(cases[0])
    assert image.grid.spacing == pytest.approx(VendorSettings().spacing_mm)  # NIfTI holds float32
    assert image.values.dtype == np.int16


def test_a_patient_is_the_same_alone_and_among_others_and_from_two_processes(tmp_path: Path) -> None:
    data = source(tmp_path)
    write_vendor_cohort(data, PATIENTS, tmp_path / "one", VendorSettings())
    write_vendor_cohort(data, PATIENTS[::-1], tmp_path / "two", VendorSettings(), workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    write_vendor_cohort(data, ["pt_2"], tmp_path / "alone", VendorSettings())
    alone, all_ = content(tmp_path / "alone"), content(tmp_path / "one")
    assert {k: v for k, v in alone.items() if k != FACTS} == {k: all_[k] for k in alone if k != FACTS}
    write_vendor_cohort(data, PATIENTS, tmp_path / "seeded", VendorSettings(seed=1))
    seeded = content(tmp_path / "seeded")
    assert seeded["images/pt_2.nii.gz"] != all_["images/pt_2.nii.gz"]
    assert seeded["labels/pt_2.nii.gz"] == all_["labels/pt_2.nii.gz"]
    first, second = (read_case(case)[0].values for case in find_cases(tmp_path / "one", ORGANS)[::2])
    assert not np.array_equal(first - first.mean(), second - second.mean())


def test_a_second_start_makes_what_is_missing_and_clears_what_a_kill_left(tmp_path: Path) -> None:
    data, folder = source(tmp_path), tmp_path / "vendor"
    write_vendor_cohort(data, PATIENTS, folder, VendorSettings())
    whole = content(folder)
    kept = (folder / "images/pt_1.nii.gz").stat().st_mtime_ns
    (folder / "images/pt_10.nii.gz").unlink()
    (folder / "labels/pt_2.nii.gz").unlink()
    (folder / "images/.0123456789abcdef.nii.gz").write_bytes(b"half")
    told: list[str] = []
    write_vendor_cohort(data, PATIENTS, folder, VendorSettings(), report=told.append)
    assert content(folder) == whole
    assert (folder / "images/pt_1.nii.gz").stat().st_mtime_ns == kept
    assert told == [
        "1 of 3 patients of the vendor are there.",
        "pt_2 as the vendor's patient, 2 of 3.",
        "pt_10 as the vendor's patient, 3 of 3.",
    ]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    data, folder = source(tmp_path), tmp_path / "vendor"
    write_vendor_cohort(data, PATIENTS, folder, VendorSettings())
    for patients, how in ((PATIENTS, VendorSettings(expansion_mm=1.0)), (PATIENTS[:2], VendorSettings())):
        with pytest.raises(SettingError, match="other patients or with other settings; remove it"):
            write_vendor_cohort(data, patients, folder, how)
    (folder / FACTS).unlink()
    with pytest.raises(SettingError, match="holds images of something else"):
        write_vendor_cohort(data, PATIENTS, folder, VendorSettings())


def test_bad_orders_are_explained(tmp_path: Path) -> None:
    data = source(tmp_path)
    with pytest.raises(FormatError, match="holds no pt_3, pt_4; name the folder of OpenKBP"):
        write_vendor_cohort(data, ["pt_3", "pt_1", "pt_4"], tmp_path / "vendor", VendorSettings())
    for patients in ((), ("pt_1", "pt_1")):
        with pytest.raises(SettingError, match="each once"):
            write_vendor_cohort(data, patients, tmp_path / "vendor", VendorSettings())
    with pytest.raises(SettingError, match="one process or more, not 0"):
        write_vendor_cohort(data, PATIENTS, tmp_path / "vendor", VendorSettings(), workers=0)
    assert not (tmp_path / "vendor").exists()


@pytest.mark.parametrize(
    "values",
    [
        {"spacing_mm": [3.3, 3.0]},
        {"spacing_mm": [3.3, 3.3, 0.0]},
        {"spacing_mm": 3.3},
        {"noise_hu": -1.0},
        {"expansion_mm": float("nan")},
        {"extension_mm": float("inf")},
        {"smoothing_mm": "much"},
        {"seed": -1},
        {"blur": 1.0},
    ],
)
def test_settings_that_mean_nothing_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="vendor"):
        read_section(VendorSettings, {"vendor": values}, "vendor")


def test_settings_are_read_from_a_section() -> None:
    read = read_section(VendorSettings, {"vendor": {"spacing_mm": [2, 2, 3], "noise_hu": 10}}, "vendor")
    assert read == VendorSettings(spacing_mm=(2.0, 2.0, 3.0), noise_hu=10.0)


def test_the_effect_of_a_protocol_is_measured_organ_by_organ(tmp_path: Path) -> None:
    organs = {"pt_1": {"SpinalCord": 2}, "pt_2": {"Brainstem": 1}, "pt_10": {"SpinalCord": 2}}
    data, folder = write_openkbp(tmp_path / "train", organs), tmp_path / "vendor"
    # boxes of 6 x 6 x 2 voxels: one voxel more at either end across the slices doubles them
    write_vendor_cohort(data, PATIENTS, folder, protocol(SPACING, extension_mm=SPACING[2]))
    effects = {effect.structure: effect for effect in measure_protocol(data, folder)}
    assert list(effects) == list(ORGANS)
    assert (effects["Brainstem"].n, effects["Brainstem"].not_contoured) == (1, 2)
    cord = effects["SpinalCord"]
    assert (cord.n, cord.not_contoured) == (2, 1)
    assert cord.volume_ratio == pytest.approx((2.0,) * 3)
    assert cord.longer_mm == pytest.approx((2 * SPACING[2],) * 3)
    assert cord.dice == pytest.approx((2 / 3,) * 3)  # 2 V / (V + 2 V)
    assert effects["Mandible"].n == 0
    assert np.isnan(effects["Mandible"].volume_ratio).all()
