"""Painting, erasing and undoing change the selected structure and no other, and nothing drawn is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.editing.kept_edits import UnsavedEditsError
from ContourQALib.workstation.editing.stroke_editing import Tool
from editing_bench import LEFT, UP, EditingBench, opened


@pytest.fixture(scope="module")
def shared(phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditingBench]:
    folder = tmp_path_factory.mktemp("editing")
    cases = Path(shutil.copytree(phantom_cases, folder / "cases"))
    with opened(cases, folder / "results") as bench:
        bench.folder = cases
        yield bench


@pytest.fixture
def bench(shared: EditingBench) -> EditingBench:
    """The first patient, as in his files."""
    shared.open("phantom_1", "Bladder", again=False)
    return shared


@pytest.fixture
def fresh(shared: EditingBench) -> EditingBench:
    """The first patient just opened, and nothing saved of him."""
    for edited in shared.folder.glob("*/*.edited-*"):
        edited.unlink()
    shared.open("phantom_1", "Bladder")
    return shared


def test_painting_adds_voxels_of_one_structure_on_one_slice(bench: EditingBench) -> None:
    before = bench.masks()
    at = bench.middle("Bladder")
    bench.stroke(Tool.PAINT, at, at + 45.0 * LEFT)
    after = bench.masks()
    added = after["Bladder"] & ~before["Bladder"]
    k = round(bench.case.image.grid.world_to_index(at)[2])
    assert added.any()
    np.testing.assert_array_equal(np.flatnonzero(added.any(axis=(1, 2))), [k])
    assert not (before["Bladder"] & ~after["Bladder"]).any()
    for name in set(before) - {"Bladder"}:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_painting_over_a_neighbor_leaves_it_as_it_is(bench: EditingBench) -> None:
    before = bench.masks()
    bench.stroke(Tool.PAINT, bench.middle("CTV"), bench.middle("Rectum"), diameter_mm=40.0)
    after = bench.masks()
    overlap = after["Bladder"] & (before["CTV"] | before["Rectum"])
    assert overlap.any()
    for name in set(before) - {"Bladder"}:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_erasing_takes_voxels_of_the_selected_structure_alone(bench: EditingBench) -> None:
    before = bench.masks()
    bench.stroke(Tool.ERASE, bench.middle("Bladder"), bench.middle("CTV"), diameter_mm=40.0)
    after = bench.masks()
    assert (before["Bladder"] & ~after["Bladder"]).any()
    assert not (after["Bladder"] & ~before["Bladder"]).any()
    for name in set(before) - {"Bladder"}:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_segments_of_one_layer_are_edited_apart(bench: EditingBench) -> None:
    bench.case.contours.GetSegmentation().CollapseBinaryLabelmaps(False)
    before = bench.masks()
    bench.stroke(Tool.PAINT, bench.middle("CTV"), bench.middle("Rectum"), diameter_mm=40.0)
    after = bench.masks()
    assert (after["Bladder"] & before["CTV"]).any()
    for name in set(before) - {"Bladder"}:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_undo_and_redo_go_through_the_strokes(bench: EditingBench) -> None:
    at = bench.middle("Bladder")
    states = [bench.masks()["Bladder"]]
    for tool, step in ((Tool.PAINT, 40.0), (Tool.ERASE, 0.0), (Tool.PAINT, -40.0)):
        bench.stroke(tool, at, at + step * LEFT)
        states.append(bench.masks()["Bladder"])
    for state in states[-2::-1]:
        assert bench.session.strokes.can_undo
        bench.call(bench.session.strokes.undo)
        np.testing.assert_array_equal(bench.masks()["Bladder"], state)
    for state in states[1:]:
        bench.call(bench.session.strokes.redo)
        np.testing.assert_array_equal(bench.masks()["Bladder"], state)
    assert not bench.session.strokes.can_redo


def test_a_stroke_is_edited_once_the_hand_has_rested_and_is_assessed_again(bench: EditingBench) -> None:
    bench.assessed()
    first = bench.case.found("Bladder").volume_cc
    heard: list[str] = []
    hear = heard.append
    bench.session.edited.connect(hear)
    at = bench.middle("Bladder")
    bench.stroke(Tool.ERASE, at, at + 20.0 * LEFT)
    bench.stroke(Tool.ERASE, at, at - 20.0 * LEFT)
    assert heard == []
    assert bench.case.is_outdated("Bladder")
    bench.wait(lambda: not bench.case.is_outdated("Bladder"))
    assert heard == ["Bladder"]  # two strokes, one rest
    assert bench.case.edited == {"Bladder"}
    now = bench.case.contour("Bladder").volume_cc
    assert bench.case.found("Bladder").volume_cc == pytest.approx(now)
    assert now < first
    bench.session.edited.disconnect(hear)


def test_an_answer_about_a_contour_changed_since_is_dropped(bench: EditingBench) -> None:
    bench.assessed()
    before = bench.case.found("Bladder")
    bench.call(bench.session.assess, ("Bladder",))
    at = bench.middle("Bladder")
    bench.stroke(Tool.ERASE, at, at + 20.0 * LEFT)
    bench.wait(lambda: not bench.case.is_awaited("Bladder"))
    assert bench.case.is_outdated("Bladder")
    assert bench.case.found("Bladder") is before
    bench.wait(lambda: not bench.case.is_outdated("Bladder"))
    assert bench.case.found("Bladder").volume_cc < before.volume_cc


def test_undone_to_the_file_a_structure_is_edited_no_more(bench: EditingBench) -> None:
    at = bench.middle("Bladder")
    bench.stroke(Tool.ERASE, at)
    bench.call(bench.session.strokes.settle)
    assert bench.session.strokes.unsaved == ("Bladder",)
    bench.call(bench.session.strokes.undo)
    bench.call(bench.session.strokes.settle)
    assert bench.case.edited == set()
    assert bench.session.strokes.unsaved == ()


def test_back_to_the_file_is_a_step_that_can_be_undone(bench: EditingBench) -> None:
    original = bench.masks()["Bladder"]
    at = bench.middle("Bladder")
    bench.stroke(Tool.ERASE, at)
    bench.stroke(Tool.PAINT, at + 60.0 * LEFT)
    drawn = bench.masks()["Bladder"]
    bench.call(bench.tools.back_to_file)
    np.testing.assert_array_equal(bench.masks()["Bladder"], original)
    bench.call(bench.session.strokes.undo)
    np.testing.assert_array_equal(bench.masks()["Bladder"], drawn)


def test_leaving_the_page_puts_the_tool_away(bench: EditingBench) -> None:
    bench.call(bench.tools.toggle, "paint")
    assert bench.session.strokes.tool is Tool.PAINT
    bench.call(bench.session.page_changed, "worklist")
    assert bench.session.strokes.tool is Tool.NONE
    before = bench.masks()["Bladder"]
    bench.call(bench.session.strokes.press, bench.middle("Bladder"), UP)
    np.testing.assert_array_equal(bench.masks()["Bladder"], before)


def test_a_tool_that_is_chosen_twice_is_put_away(bench: EditingBench) -> None:
    for expected in (Tool.ERASE, Tool.NONE):
        bench.call(bench.tools.toggle, "erase")
        assert bench.session.strokes.tool is expected


def test_a_brush_stays_within_what_is_sensible(bench: EditingBench) -> None:
    for size, expected in ((0.001, 1.0), (7.5, 7.5), (1e6, 100.0)):
        bench.call(lambda size=size: bench.session.strokes.set_brush(diameter_mm=size))
        assert bench.session.strokes.brush.diameter_mm == expected
    bench.call(bench.tools.turn, -1)
    assert bench.session.strokes.brush.diameter_mm == pytest.approx(100 / 1.15)


def test_a_case_with_unsaved_edits_is_not_left(fresh: EditingBench) -> None:
    fresh.stroke(Tool.ERASE, fresh.middle("Bladder"))
    with pytest.raises(UnsavedEditsError, match="Unsaved edits of Bladder"):
        fresh.run(fresh.session.open_case("phantom_2"))
    assert fresh.case.entry.name == "phantom_1"
    assert fresh.session.edits.next_case == "phantom_2"
    fresh.call(fresh.session.edits.stay)
    assert fresh.session.edits.next_case == ""


def test_save_and_open_writes_beside_the_original_and_goes_on(fresh: EditingBench) -> None:
    original = fresh.folder / "phantom_1" / "vendor.seg.nrrd"
    bytes_before = original.read_bytes()
    fresh.stroke(Tool.ERASE, fresh.middle("Bladder"))
    with pytest.raises(UnsavedEditsError):
        fresh.run(fresh.session.open_case("phantom_2"))
    drawn = hash_contour(fresh.case.contour("Bladder"))
    untouched = hash_contour(fresh.case.contour("Rectum"))
    fresh.run(fresh.session.edits.save_and_go())
    assert fresh.case.entry.name == "phantom_2"
    saved = {one.name: one for one in read_contours(original.with_name("vendor.edited-1.seg.nrrd"))}
    assert hash_contour(saved["Bladder"]) == drawn
    assert hash_contour(saved["Rectum"]) == untouched
    assert len(saved) == 6
    assert original.read_bytes() == bytes_before


def test_discard_and_open_leaves_no_file(fresh: EditingBench) -> None:
    fresh.stroke(Tool.ERASE, fresh.middle("Bladder"))
    with pytest.raises(UnsavedEditsError):
        fresh.run(fresh.session.open_case("phantom_2"))
    fresh.run(fresh.session.edits.discard_and_go())
    assert fresh.case.entry.name == "phantom_2"
    assert not list(fresh.folder.glob("*/*.edited-*"))


def test_a_later_file_takes_along_what_was_saved_before(fresh: EditingBench) -> None:
    drawn = {}
    for number, structure in enumerate(("Bladder", "Rectum"), 1):
        fresh.call(fresh.session.select_structure, structure)
        fresh.stroke(Tool.ERASE, fresh.middle(structure))
        drawn[structure] = hash_contour(fresh.case.contour(structure))
        assert fresh.run(fresh.session.edits.save((structure,))) == {
            structure: f"vendor.edited-{number}.seg.nrrd"
        }
    newest = fresh.folder / "phantom_1" / "vendor.edited-2.seg.nrrd"
    saved = {one.name: hash_contour(one) for one in read_contours(newest)}
    assert {name: saved[name] for name in drawn} == drawn


def test_what_is_saved_already_is_not_saved_again(fresh: EditingBench) -> None:
    fresh.stroke(Tool.ERASE, fresh.middle("Bladder"))
    assert fresh.run(fresh.session.edits.save(("Bladder",))) == {"Bladder": "vendor.edited-1.seg.nrrd"}
    assert fresh.session.strokes.unsaved == ()
    assert fresh.run(fresh.session.edits.save(("Bladder",))) == {}
    fresh.stroke(Tool.PAINT, fresh.middle("Bladder"), diameter_mm=6.0)
    fresh.call(fresh.session.strokes.settle)
    assert fresh.session.strokes.unsaved == ("Bladder",)


def test_beside_a_folder_that_cannot_be_written_edits_go_to_the_results(
    fresh: EditingBench, monkeypatch
) -> None:
    from ContourQALib.errors import OutputError
    from ContourQALib.workstation.editing import kept_edits

    save = kept_edits.save_edited

    def only_elsewhere(original, contours, grid, *, before, folder=None):
        if folder is None:
            raise OutputError(f"{original.parent} cannot be written; choose another folder.")
        return save(original, contours, grid, before=before, folder=folder)

    monkeypatch.setattr(kept_edits, "save_edited", only_elsewhere)
    fresh.stroke(Tool.ERASE, fresh.middle("Bladder"))
    name = fresh.run(fresh.session.edits.save(("Bladder",)))["Bladder"]
    assert name == "edited/phantom_1/vendor.edited-1.seg.nrrd"
    assert (fresh.session.settings.results / name).is_file()


def test_a_server_that_stops_saves_what_was_drawn(own_cases: Path, tmp_path: Path, capsys) -> None:
    with opened(own_cases, tmp_path / "results") as bench:
        bench.open("phantom_1", "Bladder")
        bench.stroke(Tool.ERASE, bench.middle("Bladder"))
        drawn = hash_contour(bench.case.contour("Bladder"))
    assert "Unsaved edits of Bladder were saved as" in capsys.readouterr().out
    saved = read_contours(own_cases / "phantom_1" / "vendor.edited-1.seg.nrrd")
    assert drawn in {hash_contour(one) for one in saved}
