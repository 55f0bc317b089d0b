"""The threshold page without a browser: the library's figures, the contour on the image, and its use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.recommendation import write_recommendation
from ContourQALib.mrml.segmentations import contour_of, segments_of
from ContourQALib.report.provenance import hash_file
from ContourQALib.report.wording import figure_text, percent_text
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.recommendation import Recommendation, RecommendedThresholds
from ContourQALib.worker_requests import SweepRequest, Swept
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.settings import Settings

CASE, STRUCTURE = "phantom_1", "CTV"


class PageValues:
    """The page's values as the browser gets them."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Any:
        return self._made.state[getattr(self._made.page.typed.name, name)]


@pytest.fixture
def opened(bench: Any, own_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens the case at the CTV on the threshold page; sweeps are computed, assessments are not asked for."""

    def opened_with(source: Path = own_cases, in_worker: bool = False, **settings: Any) -> Any:
        made = bench(Settings(results=tmp_path / "results", source=source, **settings))
        made.session.assess = lambda *_: None
        if not in_worker:

            async def ask(request: SweepRequest) -> Swept:
                from ContourQALib.worker_answers import Answers

                return await asyncio.to_thread(Answers().answer, request, lambda *_: None)

            monkeypatch.setattr(made.session.tasks, "ask", ask)
        made.page = made.station.pages["thresholds"]
        made.data = PageValues(made)

        async def open_page() -> None:
            await made.session.open_case(CASE)
            made.session.select_structure(STRUCTURE)
            made.session.show_page("thresholds")

        made.run(open_page())
        return made

    return opened_with


def set_value(made: Any, name: str, value: Any) -> None:
    made.change(**{getattr(made.page.typed.name, name): value})


def act(made: Any, does: Callable[[], Any]) -> None:
    """What a click does, on the event loop and within the state's block."""

    async def acted() -> None:
        with made.state:
            does()

    made.run(acted())


def shown_mask(made: Any) -> np.ndarray:
    """The contour that the scene shows at the threshold, on the image's grid."""
    node = made.page.scene.nodes[0]
    (segment,) = segments_of(node)
    return contour_of(node, segment.id).on(made.session.case.image.grid).mask


def settled(made: Any, threshold: float) -> Any:
    values = read_probability(made.source / f"vendor_probability_{STRUCTURE}.nrrd", STRUCTURE).values
    wanted = values >= np.float32(threshold)
    return made.wait(lambda: np.array_equal(shown_mask(made), wanted))


def test_the_figures_are_those_of_the_files_by_the_library_itself(opened: Any, own_cases: Path) -> None:
    made = opened(in_worker=True)
    made.wait(lambda: made.data.swept)
    folder = own_cases / CASE
    probability = read_probability(folder / f"vendor_probability_{STRUCTURE}.nrrd", STRUCTURE)
    (drawn,) = (c for c in read_contours(folder / "reference.seg.nrrd") if c.name == STRUCTURE)
    analysis = analyze(probability, drawn.on(probability.grid))

    set_value(made, "value", 0.42)

    for figure in ("dice", "hd95_mm", "msd_mm", "sensitivity", "specificity", "surface_dice", "volume_cc"):
        now, half = getattr(analysis.point(0.42), figure), getattr(analysis.point(0.5), figure)
        made.wait(lambda f=figure, v=now: _row(made, f)["current"] == figure_text(f, v), 10)
        assert _row(made, figure)["half"] == figure_text(figure, half)
    assert made.data.best == analysis.optimum["dice"].threshold
    losses = {row["figure"]: row["cells"] for row in made.data.losses}
    assert losses["dice"][0]["text"] == percent_text(analysis.loss_at_half_percent["dice"])
    assert losses["hd95_mm"][4]["text"] == percent_text(analysis.perturbation_loss_percent[0.10]["hd95_mm"])
    dice = next(t for t in made.state["thresholds_chart"]["data"] if t["name"] == "Dice")
    np.testing.assert_allclose(dice["y"], analysis.sweep.dice, atol=1e-5)
    assert "for this case alone" in made.data.advice

    set_value(made, "reference", "")
    made.wait(lambda: made.data.swept and not made.data.losses)
    assert [row["figure"] for row in made.data.rows] == ["volume_cc", "expected_dice"]
    assert made.data.advice.startswith("Without a reference")


def _row(made: Any, figure: str) -> dict[str, Any]:
    return next(row for row in made.data.rows if row["figure"] == figure)


def test_the_contour_follows_the_slider_and_the_page_leaves_nothing_behind(
    opened: Any, own_cases: Path
) -> None:
    made = opened()
    made.source = own_cases / CASE
    made.wait(lambda: made.data.swept)
    assert [node.GetName() for node in made.page.scene.nodes[1:]] == [
        "Contour at 0.5",
        "Reference of the sweep",
    ]

    for value in (0.1, 0.9, 0.3, 0.61):  # as a hand that does not wait
        set_value(made, "value", value)
    settled(made, 0.61)
    set_value(made, "value", 0.0)
    made.wait(lambda: shown_mask(made).all())
    act(made, made.page.control.go_to_best)
    settled(made, made.data.best)

    set_value(made, "map_shown", True)
    overlay = made.page.scene.nodes[-1]
    assert made.session.views.axial.get_foreground_volume_id() == overlay.GetID()
    before = set(made.page.scene.nodes)
    act(made, lambda: made.session.show_page("review"))
    assert not made.page.scene.nodes
    assert not any(made.session.scene.IsNodePresent(node) for node in before)
    assert made.session.views.axial.get_foreground_volume_id() is None

    act(made, lambda: made.session.show_page("thresholds"))
    made.wait(lambda: len(made.page.scene.nodes) == 4)
    settled(made, made.page.control.threshold)
    act(made, lambda: made.session.select_structure("Bladder"))
    made.wait(lambda: made.page.control.subject and made.page.control.subject.probability.name == "Bladder")
    assert made.data.reference == "Bladder"

    act(made, made.session.close_case)
    assert not made.page.scene.nodes
    assert made.data.maps == []


def test_a_study_beside_the_cases_recommends_a_threshold_by_its_figure(opened: Any, own_cases: Path) -> None:
    advice = Recommendation(0.37, (0.31, 0.44), 0.95, 24, 0.871, None, None)
    write_recommendation(
        RecommendedThresholds({STRUCTURE: {"dice": advice}}), own_cases / "recommended_thresholds.json"
    )

    made = opened()

    made.wait(lambda: made.data.swept)
    assert made.data.recommended == 0.37
    assert made.data.advice.startswith(f"0.37 is recommended for {STRUCTURE}: the best mean Dice of 24 cases")
    set_value(made, "by", "hd95_mm")
    assert made.data.recommended is None
    assert "HD95 for this case alone" in made.data.advice


def test_a_threshold_becomes_the_contour_under_review_and_can_be_undone(opened: Any, own_cases: Path) -> None:
    made = opened()
    made.source = own_cases / CASE
    made.wait(lambda: made.data.swept)
    case, heard = made.session.case, []
    made.session.edited.connect(heard.append)
    before = case.contour(STRUCTURE).on(case.image.grid).mask
    set_value(made, "value", 0.2)

    made.run(made.page.use.become(made.page.control.subject, 0.2))

    values = read_probability(made.source / f"vendor_probability_{STRUCTURE}.nrrd", STRUCTURE).values
    now = case.contour(STRUCTURE).on(case.image.grid).mask
    np.testing.assert_array_equal(now, values >= np.float32(0.2))
    assert heard == [STRUCTURE]
    assert case.edited == {STRUCTURE}
    assert made.data.undoable

    act(made, lambda: (made.session.strokes.undo(), made.session.strokes.settle()))
    np.testing.assert_array_equal(case.contour(STRUCTURE).on(case.image.grid).mask, before)
    assert case.edited == set()


def test_a_threshold_is_saved_beside_the_contours_and_over_nothing(opened: Any, own_cases: Path) -> None:
    made = opened()
    folder = own_cases / CASE
    made.wait(lambda: made.data.swept)
    files = {path: hash_file(path) for path in folder.iterdir()}

    name = made.run(made.page.use.save(made.page.control.subject, 0.3))

    assert name == "vendor.edited-1.seg.nrrd"
    assert name in made.state.shell_message["text"]
    assert {path: hash_file(path) for path in files} == files
    saved = {contour.name: contour for contour in read_contours(folder / name)}
    values = read_probability(folder / f"vendor_probability_{STRUCTURE}.nrrd", STRUCTURE).values
    np.testing.assert_array_equal(
        saved[STRUCTURE].on(made.session.case.image.grid).mask, values >= np.float32(0.3)
    )
    original = {contour.name: contour for contour in read_contours(folder / "vendor.seg.nrrd")}
    assert set(saved) == set(original)
    np.testing.assert_array_equal(
        saved["Bladder"].on(made.session.case.image.grid).mask,
        original["Bladder"].on(made.session.case.image.grid).mask,
    )
    assert made.session.case.edited == set()

    with pytest.raises(WorkstationError, match="No voxel of CTV reaches 1; choose a lower threshold"):
        made.run(made.page.use.become(made.page.control.subject, 1.0))
    assert made.session.case.edited == set()


def test_figures_wait_for_the_readers_call_but_the_contour_does_not(opened: Any, own_cases: Path) -> None:
    made = opened(call_first=True)
    made.source = own_cases / CASE
    made.wait(lambda: made.page.control.swept)

    assert f"decide on {STRUCTURE} in Review" in made.data.hidden
    assert not made.data.swept
    assert made.data.rows == made.data.losses == []
    assert made.data.best is None
    assert made.run(made.page.csv()) == ""
    set_value(made, "value", 0.37)
    settled(made, 0.37)

    made.session.call_first.hides = lambda *_: False
    act(made, made.session.call_first.changed.emit)
    assert made.data.hidden == ""
    assert made.data.rows
    assert made.run(made.page.csv()).startswith("/downloads/")


def test_a_case_without_maps_says_what_to_do(opened: Any, own_cases: Path) -> None:
    for path in own_cases.rglob("*_probability_*"):
        path.unlink()
    for path in own_cases.rglob("manifest.csv"):
        path.unlink()
    for path in own_cases.rglob("fine_tuned*"):
        path.unlink()

    made = opened()

    made.wait(lambda: made.data.missing)
    assert f"Case {CASE} has no probability maps" in made.data.missing
    assert not made.page.scene.nodes
