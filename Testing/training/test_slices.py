"""Slices to learn from: what is in them, who was not contoured, what is cached, and bad files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contourqa_training import slices as module
from contourqa_training.segmentation_cases import SegmentationCase, find_cases, read_case
from contourqa_training.slice_view import SliceSettings, as_input, image_slices, to_slices
from contourqa_training.slices import SliceSet, read_slices
from ContourQALib.errors import FormatError, GeometryError, SettingError
from files_on_disk import write
from slice_folders import SHAPE, SPACING, ct_values, label_values, write_openkbp, write_plain

ORGANS = ["Brainstem", "SpinalCord"]
SETTINGS = SliceSettings(size=32)


@pytest.fixture
def cases(tmp_path: Path) -> list[SegmentationCase]:
    """Patients with both organs, with one, with none, and with both again."""
    both = {"Brainstem": 1, "SpinalCord": 2}
    patients = {"pt_1": both, "pt_2": {"SpinalCord": 2}, "pt_3": {"Larynx": 6}, "pt_4": both}
    return find_cases(write_openkbp(tmp_path / "train", patients), ORGANS)


def test_slices_hold_every_patients_image_and_masks(cases: list[SegmentationCase]) -> None:
    found = read_slices(cases, ORGANS, SETTINGS)
    assert found.cases == ("pt_1", "pt_2", "pt_3", "pt_4")
    assert len(found) == 3 * SHAPE[0]  # pt_3 has nothing to learn from
    for number in (0, 1, 3):
        index = found.indices_of([cases[number].name])
        image, masks = read_case(cases[number])
        assert found.k[index].tolist() == list(range(SHAPE[0]))
        x, y, known = found.batch(index)
        assert np.array_equal(x, as_input(image_slices(image, SETTINGS)))
        for s, organ in enumerate(ORGANS):
            expected = masks.get(organ, np.zeros(SHAPE, bool))
            assert np.array_equal(y[:, s], to_slices(expected, image.grid, SETTINGS.size))
            assert (known[:, s] == (organ in masks)).all()
    assert np.array_equal(found.known, found.known_by_case[found.patient])


def test_a_batch_comes_in_the_order_asked_for(cases: list[SegmentationCase]) -> None:
    found = read_slices(cases, ORGANS, SETTINGS)
    index = np.array([30, 3, 5])
    x, y, known = found.batch(index)
    assert (x.dtype, y.dtype, known.dtype) == (np.float32, np.float32, bool)
    assert (x.shape, y.shape, known.shape) == ((3, 1, 32, 32), (3, 2, 32, 32), (3, 2))
    for row, number in enumerate(index):
        one = found.batch(np.array([number]))
        assert all(np.array_equal(a[row], b[0]) for a, b in zip((x, y, known), one, strict=True))


def test_patients_without_an_organ_are_named_and_counted(cases: list[SegmentationCase]) -> None:
    found = read_slices(cases, ORGANS, SETTINGS)
    assert found.absent() == {"Brainstem": ("pt_2", "pt_3"), "SpinalCord": ("pt_3",)}
    alone = read_slices(cases, ["Brainstem"], SETTINGS)
    assert len(alone) == 2 * SHAPE[0]
    assert alone.absent() == {"Brainstem": ("pt_2", "pt_3")}


def test_structures_that_overlap_keep_their_own_masks(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"hippocampus_001": (1, 2)})
    names = ["hippocampus", "posterior"]
    found = read_slices(find_cases(folder, names), names, SETTINGS)
    _, masks, _ = found.batch(np.arange(len(found)))
    assert masks[:, 0].sum() == np.count_nonzero(label_values(0))
    assert masks[:, 1].sum() == np.count_nonzero(label_values(0) == 2)
    assert (masks[:, 0] >= masks[:, 1]).all()


def test_many_structures_have_a_bit_each(tmp_path: Path) -> None:
    names = [f"part {n}" for n in range(1, 12)]
    table = "number,name\n" + "".join(f"{n},part {n}\n" for n in range(1, 12))
    folder = write_plain(tmp_path / "data", {"a": ()}, table)
    labels = np.zeros(SHAPE, np.uint8)
    labels[3, 4, :11] = np.arange(1, 12)
    write(folder / "labels/a.nii.gz", labels, SPACING)
    found = read_slices(find_cases(folder, names), names, SETTINGS)
    _, masks, _ = found.batch(np.array([3]))
    place = [tuple(np.argwhere(mask)[0]) for mask in masks[0]]
    assert masks.sum() == 11
    assert place == [(4 + 6, n + 4) for n in range(11)]  # 20x24 voxels in the middle of 32x32


def test_slices_around_organs_are_those_within_the_margin(cases: list[SegmentationCase]) -> None:
    settings = replace(SETTINGS, around_organs=True, margin_mm=5.0)
    found = read_slices(cases, ORGANS, settings)
    # organs in slices 1 to 4 (both) and 3 to 4 (cord alone); 5 mm are two slices of 2.5 mm
    assert found.k[found.indices_of(["pt_1"])].tolist() == list(range(0, 7))
    assert found.k[found.indices_of(["pt_2"])].tolist() == list(range(1, 7))
    assert len(found.indices_of(["pt_3"])) == 0


def test_some_of_the_slices_away_from_organs_are_learned_from_as_well(cases: list[SegmentationCase]) -> None:
    def numbers(**changes: object) -> list[int]:
        settings = replace(SETTINGS, around_organs=True, margin_mm=0.0, **changes)
        found = read_slices(cases, ORGANS, settings)
        assert len(found.indices_of(["pt_3"])) == 0  # without an organ, still none
        return [int(k) for k in found.k[found.indices_of(["pt_2"])]]

    near, everything, some = numbers(), numbers(away_every=1), numbers(away_every=2)
    away = [k for k in everything if k not in near]
    assert everything == list(range(len(everything)))
    assert len(away) > 2
    assert some == sorted([*near, *away[::2]])


def test_indices_of_patients_divide_the_slices(cases: list[SegmentationCase]) -> None:
    found = read_slices(cases, ORGANS, SETTINGS)
    parts = [found.indices_of(["pt_1", "pt_3"]), found.indices_of(["pt_2", "pt_4"])]
    assert sorted(np.concatenate(parts)) == list(range(len(found)))


def same(first: SliceSet, second: SliceSet) -> bool:
    arrays = all(np.array_equal(getattr(first, n), getattr(second, n)) for n in module.ARRAYS)
    rest = ("structures", "cases", "fingerprint", "skipped")
    return arrays and all(getattr(first, n) == getattr(second, n) for n in rest)


def test_files_are_read_once(
    cases: list[SegmentationCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def counted(case: SegmentationCase) -> object:
        reads.append(case.name)
        return read_case(case)

    monkeypatch.setattr(module, "read_case", counted)
    cache = tmp_path / "cache"
    plain = read_slices(cases, ORGANS, SETTINGS)
    assert len(reads) == len(cases)
    for _ in range(3):
        kept = read_slices(cases, ORGANS, SETTINGS, cache)
        assert same(kept, plain)
        assert isinstance(kept.images, np.memmap)
    assert len(reads) == 2 * len(cases)


@pytest.mark.parametrize("change", ["settings", "structures", "fewer", "bytes", "presence"])
def test_another_question_is_not_answered_from_the_cache(
    cases: list[SegmentationCase], tmp_path: Path, change: str
) -> None:
    cache = tmp_path / "cache"
    first = read_slices(cases, ORGANS, SETTINGS, cache)
    settings, structures = SETTINGS, ORGANS
    if change == "settings":
        settings = replace(SETTINGS, level_hu=0.0)
    elif change == "structures":
        structures = ["SpinalCord"]
    elif change == "fewer":
        cases = cases[1:]
    elif change == "bytes":
        write(cases[0].image, ct_values(9), SPACING)
    else:
        cases = [replace(cases[0], present=frozenset({"SpinalCord"})), *cases[1:]]
    if change == "structures":
        cases = find_cases(cases[0].image.parent, structures)
    second = read_slices(cases, structures, settings, cache)
    assert same(second, read_slices(cases, structures, settings))
    assert not same(second, first)


@pytest.mark.parametrize("damage", ["cut", "missing", "facts"])
def test_a_damaged_cache_is_made_again(cases: list[SegmentationCase], tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    first = read_slices(cases, ORGANS, SETTINGS)
    read_slices(cases, ORGANS, SETTINGS, cache)
    (kept,) = cache.iterdir()
    if damage == "cut":
        content = (kept / "images.npy").read_bytes()
        (kept / "images.npy").write_bytes(content[: len(content) // 2])
    else:
        (kept / ("facts.json" if damage == "facts" else "bits.npy")).unlink()
    assert same(read_slices(cases, ORGANS, SETTINGS, cache), first)
    assert [path.name for path in cache.iterdir()] == [kept.name]
    assert isinstance(read_slices(cases, ORGANS, SETTINGS, cache).images, np.memmap)


def test_a_kill_while_the_cache_is_written_leaves_none(
    cases: list[SegmentationCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            read_slices(cases, ORGANS, SETTINGS, cache)
    assert list(cache.iterdir()) == []
    assert same(read_slices(cases, ORGANS, SETTINGS, cache), read_slices(cases, ORGANS, SETTINGS))


def test_one_bad_file_is_named_and_left_out_only_where_asked(
    cases: list[SegmentationCase], tmp_path: Path
) -> None:
    cases[3].image.write_bytes(cases[3].image.read_bytes()[:-200])
    cache = tmp_path / "cache"
    with pytest.raises(FormatError, match=r"pt_4_ct\.nii\.gz"):
        read_slices(cases, ORGANS, SETTINGS, cache)
    found = read_slices(cases, ORGANS, SETTINGS, cache, skip_bad=True)
    assert found.cases == ("pt_1", "pt_2", "pt_3")
    assert list(found.skipped) == ["pt_4"]
    assert "pt_4_ct.nii.gz" in found.skipped["pt_4"]
    assert same(read_slices(cases, ORGANS, SETTINGS, cache, skip_bad=True), found)
    with pytest.raises(FormatError, match=r"pt_4_ct\.nii\.gz"):  # the cache forgives nothing
        read_slices(cases, ORGANS, SETTINGS, cache)


def test_labels_of_another_size_are_a_bad_file_too(cases: list[SegmentationCase]) -> None:
    write(cases[0].labels, label_values(0)[:, :-1], SPACING)
    with pytest.raises(GeometryError, match="24x19x12 voxels"):
        read_slices(cases, ORGANS, SETTINGS)
    assert list(read_slices(cases, ORGANS, SETTINGS, skip_bad=True).skipped) == ["pt_1"]


def test_an_organ_outside_the_networks_view_is_not_cut_without_a_word(cases: list[SegmentationCase]) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[5, 3:7, 4] = 1  # rows 3 to 6; the middle 12 of 20 rows are 4 to 15
    labels[8, 8:12, 10:14] = 2
    write(cases[0].labels, labels, SPACING)
    with pytest.raises(
        GeometryError, match=r"pt_1_ct.* 12x12 voxels.* cut off 0\.09 cc"
    ):  # 4 of 22.5 cubic mm
        read_slices(cases[:1], ORGANS, SliceSettings(size=12))


def test_empty_slices_only_is_nothing_to_learn_from(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"hippocampus_001": (), "hippocampus_003": ()})
    with pytest.raises(SettingError, match=r"None of the 2 patients .* contour of hippocampus"):
        read_slices(find_cases(folder, ["hippocampus"]), ["hippocampus"], SETTINGS)


def test_more_structures_than_bits_are_refused(cases: list[SegmentationCase]) -> None:
    with pytest.raises(SettingError, match="At most 64"):
        read_slices(cases, [f"s{n}" for n in range(65)], SETTINGS)


@pytest.mark.realdata
def test_real_slices_of_both_data_sets(data: Path, tmp_path: Path) -> None:
    organs = ["Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Mandible"]
    cases = find_cases(data / "openkbp/validation", organs)[:3]
    found = read_slices(cases, organs, SliceSettings(), tmp_path)
    for case in cases:
        image, masks = read_case(case)
        _, y, _ = found.batch(found.indices_of([case.name]))
        assert len(y) == image.grid.shape[0]
        assert y.sum(axis=(0, 2, 3)).tolist() == [masks[o].sum() if o in masks else 0 for o in organs]
    x, y, _ = found.batch(np.arange(len(found)))
    cord, gland, bone = (float(x[:, 0][y[:, organs.index(o)] > 0].mean()) for o in organs[1:3] + organs[4:])
    # 40 HU is 0.5 in the window: soft tissue lies near it, a gland with fat below, bone at its upper end
    assert 0.3 < gland < 0.6
    assert 0.4 < cord < 0.6
    assert bone > 0.8
    names = ["anterior", "posterior", "hippocampus"]
    mr = SliceSettings(size=64, intensity="percentile")
    slices = read_slices(find_cases(data / "hippocampus", names)[:3], names, mr)
    _, y, known = slices.batch(np.arange(len(slices)))
    assert known.all()
    assert np.array_equal(y[:, 0] + y[:, 1], y[:, 2])
