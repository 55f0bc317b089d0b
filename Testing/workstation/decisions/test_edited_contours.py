"""Edited contours: saved beside the original with everything else of it, and never over anything."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError, OutputError, StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.edited_contours import (
    EDITED_TAG,
    LOST_TAG,
    RESAMPLED_TAG,
    is_edited_file,
    save_edited,
)

GRID = Grid((20, 18, 12), (0.9, 0.9, 3.0), (-8.0, 7.5, 30.25))


def shape(
    low: tuple[int, int, int], high: tuple[int, int, int], name: str, grid: Grid = GRID, **said
) -> Contour:
    mask = np.zeros(grid.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return Contour(mask, grid, name, **said)


BLADDER = shape((3, 4, 5), (9, 12, 15), "Bladder", color=(0.9, 0.8, 0.2), tags={"TerminologyEntry": "T~x:y"})
CTV = shape((5, 6, 7), (11, 15, 18), "CTV, Größe|2", color=(0.9, 0.2, 0.2))  # overlaps the bladder
RECTUM = shape((0, 0, 0), (0, 0, 0), "Rectum", color=(0.6, 0.4, 0.2))  # empty


def painted(contour: Contour) -> Contour:
    """What the scene gives after a stroke: on the image's lattice, cut to its contents, without tags."""
    mask = contour.mask.copy()
    mask[2:5, 2:6, 3:8] = True
    k, j, i = slice(1, 12), slice(1, 17), slice(2, 19)
    return Contour(mask[k, j, i], contour.grid.part((k, j, i)), contour.name)


@pytest.fixture
def original(tmp_path) -> Path:
    path = tmp_path / "patient 7.seg.nrrd"
    write_segmentation([BLADDER, CTV, RECTUM], path)
    return path


def test_all_structures_are_there_and_the_edited_one_is_replaced(original):
    before = original.read_bytes()
    edited = painted(BLADDER)
    path = save_edited(original, [edited], GRID)
    assert path == original.with_name("patient 7.edited-1.seg.nrrd")
    bladder, ctv, rectum = read_segmentation(path)
    assert [c.name for c in (bladder, ctv, rectum)] == ["Bladder", "CTV, Größe|2", "Rectum"]
    assert np.array_equal(bladder.mask, edited.on(GRID).mask)
    assert np.array_equal(ctv.mask, CTV.mask)
    assert not rectum.mask.any()
    for saved, source in ((bladder, BLADDER), (ctv, CTV), (rectum, RECTUM)):
        assert saved.color == pytest.approx(source.color, abs=1e-6)
    assert bladder.grid.shape == GRID.shape
    assert original.read_bytes() == before
    assert sorted(os.listdir(original.parent)) == ["patient 7.edited-1.seg.nrrd", "patient 7.seg.nrrd"]


def test_what_changed_says_so_and_other_tags_stay(original):
    untouched = CTV.on(GRID)
    bladder, ctv, rectum = read_segmentation(save_edited(original, [painted(BLADDER), untouched], GRID))
    assert bladder.tags == {"TerminologyEntry": "T~x:y", EDITED_TAG: "true"}
    assert EDITED_TAG not in ctv.tags
    assert EDITED_TAG not in rectum.tags


def test_a_structure_that_was_emptied_is_an_edit(original):
    emptied = replace(BLADDER, mask=np.zeros(GRID.shape, bool))
    bladder = read_segmentation(save_edited(original, [emptied], GRID))[0]
    assert not bladder.mask.any()
    assert bladder.tags[EDITED_TAG] == "true"


def test_a_structure_that_is_new_follows_the_others(original):
    new = shape((1, 1, 1), (3, 3, 3), "PTV")
    segments = read_segmentation(save_edited(original, [new], GRID))
    assert [c.name for c in segments] == ["Bladder", "CTV, Größe|2", "Rectum", "PTV"]
    assert segments[3].tags[EDITED_TAG] == "true"


def test_each_edit_is_another_file_and_none_is_written_over(original):
    first = save_edited(original, [painted(BLADDER)], GRID)
    content = first.read_bytes()
    second = save_edited(original, [BLADDER], GRID)
    from_edited = save_edited(second, [painted(CTV)], GRID)
    assert [p.name for p in (second, from_edited)] == [f"patient 7.edited-{n}.seg.nrrd" for n in (2, 3)]
    assert first.read_bytes() == content
    assert all(is_edited_file(path) for path in (first, second, from_edited))
    assert not is_edited_file(original)


def test_earlier_edits_keep_their_tag(original):
    first = save_edited(original, [painted(BLADDER)], GRID)
    bladder, ctv, _ = read_segmentation(save_edited(first, [painted(CTV)], GRID))
    assert bladder.tags[EDITED_TAG] == ctv.tags[EDITED_TAG] == "true"


@pytest.mark.parametrize("links", [True, False], ids=["links", "without links"])
def test_viewers_that_save_at_once_get_a_name_each(original, monkeypatch, links):
    if not links:

        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    together = threading.Barrier(6)
    saved: dict[int, Path] = {}

    def save(n: int) -> None:
        contour = shape((n, n, n), (n + 4, n + 4, n + 4), "Bladder")
        together.wait()
        saved[n] = save_edited(original, [contour], GRID, before=[BLADDER])

    threads = [threading.Thread(target=save, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p.name for p in saved.values()) == [f"patient 7.edited-{n}.seg.nrrd" for n in range(1, 7)]
    for n, path in saved.items():
        (bladder,) = read_segmentation(path)
        assert hash_contour(bladder) == hash_contour(shape((n, n, n), (n + 4, n + 4, n + 4), "Bladder"))
    assert len(os.listdir(original.parent)) == 7


def test_a_name_that_another_viewer_takes_while_this_one_writes(original, monkeypatch):
    link = os.link

    def slow(source, target) -> None:
        if str(target).endswith("edited-1.seg.nrrd"):
            Path(target).write_bytes(b"another viewer's")
        link(source, target)

    monkeypatch.setattr(os, "link", slow)
    path = save_edited(original, [painted(BLADDER)], GRID)
    assert path.name == "patient 7.edited-2.seg.nrrd"
    assert path.with_name("patient 7.edited-1.seg.nrrd").read_bytes() == b"another viewer's"
    assert len(os.listdir(original.parent)) == 3


@pytest.mark.parametrize("extension", [".nii.gz", ".nrrd", ".mha"])
def test_a_label_map_becomes_a_segmentation_beside_it(tmp_path, extension):
    path = tmp_path / f"mask{extension}"
    write_image(Image(BLADDER.mask.astype(np.uint8), GRID), path)
    edited = painted(BLADDER)
    saved = save_edited(path, [edited], GRID)  # a manifest called it Bladder, the file does not
    assert saved == tmp_path / "mask.edited-1.seg.nrrd"
    (bladder,) = read_contours(saved)
    assert (bladder.name, bladder.tags) == ("Bladder", {EDITED_TAG: "true"})
    assert hash_contour(bladder) == hash_contour(edited)


def test_structures_named_as_the_page_names_them(tmp_path):
    path = tmp_path / "labels.nii.gz"
    write_image(Image(BLADDER.mask + 2 * (CTV.mask & ~BLADDER.mask), GRID), path)
    before = [replace(c, name=n) for c, n in zip(read_contours(path), ("Bladder", "CTV"), strict=True)]
    saved = read_segmentation(save_edited(path, [painted(BLADDER)], GRID, before=before))
    assert [c.name for c in saved] == ["Bladder", "CTV"]
    assert [EDITED_TAG in c.tags for c in saved] == [True, False]


def test_what_lies_outside_the_image_or_between_its_voxels_says_so(tmp_path):
    finer = Grid((40, 36, 24), (0.45, 0.45, 1.5), GRID.origin)
    resampled = shape((6, 8, 10), (18, 24, 30), "CTV", finer)
    larger = Grid((20, 18, 16), GRID.spacing, GRID.origin)
    partly_outside = shape((8, 4, 5), (15, 12, 15), "Bladder", larger)
    outside = shape((1, 1, 1), (3, 3, 3), "Rectum", Grid((4, 4, 4), origin=(900.0, 900.0, 900.0)))
    before = [partly_outside, resampled, outside]
    stroke = shape((2, 2, 2), (5, 5, 5), "FemoralHead_L")
    saved = read_segmentation(save_edited(tmp_path / "x.nii.gz", [stroke], GRID, before=before))
    bladder, ctv, rectum, _ = saved
    lost = partly_outside.volume_cc - bladder.volume_cc
    assert lost > 0
    assert bladder.tags == {LOST_TAG: f"{lost:.3f}"}
    assert ctv.tags == {RESAMPLED_TAG: "true"}
    assert rectum.tags == {LOST_TAG: f"{outside.volume_cc:.3f}"}
    assert not rectum.mask.any()


def test_an_edited_contour_outside_the_image_is_refused(original):
    away = shape((1, 1, 1), (3, 3, 3), "Bladder", Grid((4, 4, 4), origin=(900.0, 900.0, 900.0)))
    with pytest.raises(GeometryError, match="Bladder"):
        save_edited(original, [away], GRID)
    assert len(os.listdir(original.parent)) == 1


def test_names_that_stand_for_two_structures_are_refused(tmp_path):
    path = tmp_path / "twins.seg.nrrd"
    write_segmentation([BLADDER, replace(CTV, name="Bladder"), RECTUM], path)
    with pytest.raises(StructureError, match="several structures called Bladder"):
        save_edited(path, [painted(BLADDER)], GRID)
    assert len(read_segmentation(save_edited(path, [painted(RECTUM)], GRID))) == 3


def test_a_folder_that_is_not_writable_and_another_that_is(shared_folder, without_privileges, tmp_path):
    original = shared_folder / "x.seg.nrrd"
    write_segmentation([BLADDER], original)
    other = shared_folder / "results"
    other.mkdir()
    other.chmod(0o777)
    shared_folder.chmod(0o555)
    with without_privileges():
        with pytest.raises(OutputError, match=r"x\.edited-1\.seg\.nrrd .* choose another folder"):
            save_edited(original, [painted(BLADDER)], GRID)
        saved = save_edited(original, [painted(BLADDER)], GRID, folder=other)
    assert saved == other / "x.edited-1.seg.nrrd"
    assert sorted(os.listdir(shared_folder)) == ["results", "x.seg.nrrd"]


def test_a_full_disk_leaves_nothing(original, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"edited-1\.seg\.nrrd .*disk is full"):
        save_edited(original, [painted(BLADDER)], GRID)
    assert os.listdir(original.parent) == [original.name]
    monkeypatch.undo()
    assert save_edited(original, [painted(BLADDER)], GRID).name == "patient 7.edited-1.seg.nrrd"


def test_a_disk_without_links_that_fills_up_leaves_no_empty_file(original, monkeypatch):
    def without_links(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="disk is full"):
        save_edited(original, [painted(BLADDER)], GRID)
    assert os.listdir(original.parent) == [original.name]
