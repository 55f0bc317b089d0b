"""The teaching page without a browser: from slider to figures, the quiz, and what is left of it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from ContourQALib.metrics.compare import compare
from ContourQALib.mrml.frames import numbers_of
from ContourQALib.mrml.outlines import Role
from ContourQALib.mrml.segmentations import contours_of
from ContourQALib.phantom import pelvis
from ContourQALib.workstation.settings import Settings
from ContourQALib.workstation.teach import teaching_case
from ContourQALib.workstation.teach.quiz import Criterion
from ContourQALib.workstation.teach.quiz_game import seed_of
from ContourQALib.workstation.teach.teaching_case import Dose, phantom_case


@pytest.fixture
def desk(bench: Callable[..., Any], own_cases: Path, tmp_path: Path) -> Any:
    """A workstation with a case open and assessed, before anybody was on the teaching page."""
    made = bench(Settings(results=tmp_path / "results", source=own_cases, model="pelvis-phantom"))
    made.run(made.session.open_case(made.session.cases[0].name))
    case = made.session.case
    made.wait(lambda: case.assessment is not None and not any(map(case.is_awaited, case.structures)))
    made.page = made.station.pages["teach"]
    return made


@pytest.fixture
def small_phantom(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's phantom has a quarter of its voxels, and is drawn and measured so much sooner."""
    monkeypatch.setattr(teaching_case, "pelvis", partial(pelvis, (64, 64, 64)))


def drawn(desk: Any, name: str) -> Any:
    return next(iter(contours_of(desk.session.scene.GetFirstNodeByName(name))))


def shown_segmentations(desk: Any) -> set[str]:
    found = desk.session.scene.GetNodesByClass("vtkMRMLSegmentationNode")
    found.UnRegister(None)
    nodes = [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]
    return {
        node.GetName() for node in nodes if node.GetDisplayNode() and node.GetDisplayNode().GetVisibility()
    }


def matrix_of(volume: Any) -> Any:
    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return numbers_of(matrix).tolist()


def looks(desk: Any) -> list[Any]:
    nodes = [view.get_view_node() for view in desk.session.views.slices]
    return [(numbers_of(node.GetSliceToRAS()).tolist(), node.GetFieldOfView()) for node in nodes]


def go_to(desk: Any, page: str) -> None:
    desk.change(shell_page=page)


def test_figures_follow_the_slider_and_everything_is_as_it_was_afterwards(desk: Any) -> None:
    session, page = desk.session, desk.page
    data, names = page.state.data, page.state.name
    go_to(desk, "review")
    session.views.set_slice_index(7)
    before, volume = looks(desk), session.views.volume
    shown = shown_segmentations(desk)
    assert "Contours" in shown

    go_to(desk, "teach")
    desk.wait(lambda: data.rows and not data.measuring)
    assert shown_segmentations(desk) == {"Teaching reference", "Teaching contour", "Differences"}
    assert session.views.volume is not volume

    asked: list[float] = []
    measure = page.experiment._measuring.truths

    async def counted(*arguments: Any) -> Any:
        asked.append(data.severity)
        return await measure(*arguments)

    page.experiment._measuring.truths = counted
    desk.change(**{names.structure: "Bladder"})
    for severity in np.arange(0, 15.5, 0.5):
        desk.change(**{names.severity: float(severity)})
    desk.wait(lambda: not data.measuring)
    assert len(asked) < 25  # of 31 steps: what a fast hand passes over is not measured

    case = phantom_case(0)
    dose = Dose("shift", 15.0)
    expected, reference = case.spoiled("Bladder", dose), case.contour("Bladder").on(case.image.grid)
    contour = drawn(desk, "Teaching contour")
    assert np.array_equal(contour.on(case.image.grid).mask, expected.on(case.image.grid).mask)
    assert np.array_equal(drawn(desk, "Teaching reference").on(case.image.grid).mask, reference.mask)
    alone = compare(reference, expected.on(case.image.grid))
    dice, hd95, *_ = data.rows
    assert (dice["true"], hd95["true"]) == (f"{alone.dice:.3f}", f"{alone.hd95_mm:.1f} mm")
    for name, role in (("Teaching reference", Role.REFERENCE), ("Teaching contour", Role.ASSESSED)):
        node = session.scene.GetFirstNodeByName(name)
        color = node.GetDisplayNode().GetSegmentOverrideColor(node.GetSegmentation().GetNthSegmentID(0))
        assert color == pytest.approx(role.color)
    assert data.verdict in ("review", "reject")
    assert "teaching" in data.note

    chart = session.state.teach_chart
    true, predicted = chart["data"]
    assert true["x"][-1] == 15.0
    assert true["y"][-1] == pytest.approx(alone.dice)
    assert len(predicted["y"]) == len(page.experiment.trials)

    desk.change(**{names.marked: "probable"})
    assert shown_segmentations(desk) == {"Teaching reference", "Teaching contour", "Predicted errors"}

    active_when_told: list[bool] = []
    session.page_changed.connect(lambda _: active_when_told.append(page.scene.active))
    go_to(desk, "review")
    assert active_when_told == [False]
    assert shown_segmentations(desk) == shown
    assert session.views.volume is volume
    for (matrix, field), (matrix_before, field_before) in zip(looks(desk), before, strict=True):
        assert np.allclose(matrix, matrix_before)
        assert np.allclose(field, field_before)
    assert session.decisions.all() == ()
    assert {one.structure for one in session.case.assessment.structures} == set(session.case.structures)


def test_the_open_cases_reference_is_taught_with_until_the_case_is_closed(
    small_phantom: None, desk: Any
) -> None:
    session, page = desk.session, desk.page
    data, names = page.state.data, page.state.name
    go_to(desk, "teach")
    assert [item["value"] for item in data.sources] == ["phantom", "reference"]
    desk.change(**{names.source: "reference", names.error: "dilate"})
    desk.wait(lambda: data.rows and not data.measuring and not data.loading)
    assert session.views.volume is not session.case.volume
    assert session.views.volume.GetImageData() is session.case.volume.GetImageData()
    assert matrix_of(session.views.volume) == matrix_of(session.case.volume)
    reference = next(c for c in session.case.files.reference() if c.name == data.structure)
    placed = drawn(desk, "Teaching reference").on(session.case.image.grid)
    assert np.array_equal(placed.mask, reference.on(session.case.image.grid).mask)
    assert data.severity == 3.0

    desk.run(session.open_case(session.cases[1].name))
    assert data.source == "phantom"
    assert data.sources[1]["title"].endswith(session.cases[1].name)
    desk.wait(lambda: not data.loading and not data.measuring)
    assert not session.scene.GetFirstNodeByName("Contours").GetDisplayNode().GetVisibility()
    assert drawn(desk, "Teaching reference").mask.sum() > 0

    session.cases[1].reference[0].path.write_bytes(b"no contours")
    desk.change(**{names.source: "reference"})
    desk.wait(lambda: data.source == "phantom" and not data.loading and not data.measuring)
    assert session.state.shell_message["kind"] == "error"
    assert session.cases[1].reference[0].path.name in session.state.shell_message["text"]
    go_to(desk, "review")
    assert session.views.volume is session.case.volume
    shown = shown_segmentations(desk)
    assert "Contours" in shown
    assert not [name for name in shown if name.startswith("Teaching")]


def test_a_quiz_hides_the_reference_until_the_answer_and_counts_it(small_phantom: None, desk: Any) -> None:
    session, page = desk.session, desk.page
    quiz, names = page.quiz_state.data, page.quiz_state.name
    go_to(desk, "teach")
    desk.change(**{page.state.name.half: "quiz", names.seed: "3"})
    desk.wait(lambda: not page.state.data.loading)

    async def press(method: Callable[..., Any], *arguments: Any) -> None:
        with session.state:
            method(*arguments)

    desk.run(press(page.game.begin))
    rights = 0
    for number in range(3):
        desk.wait(lambda: quiz.stage == "asked")
        question = page.game.question
        assert quiz.round == number + 1
        assert question.plan.criterion in tuple(Criterion)
        assert shown_segmentations(desk) == {"Teaching contour"}
        for candidate in question.candidates:
            desk.run(press(page.game.look, candidate.letter))
            there = drawn(desk, "Teaching contour").on(page.game._case.image.grid)
            assert np.array_equal(there.mask, candidate.contour.on(page.game._case.image.grid).mask)
        assert set(quiz.seen) == set(quiz.letters)
        given = question.answer if number != 1 else next(c for c in question.choices if c != question.answer)
        desk.run(press(page.game.answer, "Z"))
        assert quiz.stage == "asked"
        desk.run(press(page.game.answer, given))
        rights += given == question.answer
        assert (quiz.stage, quiz.right, quiz.was_right) == ("answered", rights, given == question.answer)
        assert "Teaching reference" in shown_segmentations(desk)
        assert len(quiz.rows) == len(question.candidates)
        desk.run(press(page.game.answer, given))
        assert len(page.game.score.answers) == number + 1
        desk.run(press(page.game.next_round))
    assert quiz.streak == 1

    desk.change(**{page.state.name.half: "try"})
    desk.wait(lambda: page.state.data.rows and not page.state.data.measuring)
    assert "Teaching reference" in shown_segmentations(desk)
    desk.change(**{page.state.name.half: "quiz"})
    assert "Teaching reference" not in shown_segmentations(desk)

    desk.run(press(page.game.begin))
    desk.change(**{page.state.name.half: "try"})
    desk.wait(lambda: quiz.stage == "asked" and not page.state.data.measuring)
    tried = phantom_case(0).spoiled("CTV", Dose("shift", 6.0))
    assert np.array_equal(drawn(desk, "Teaching contour").mask, tried.mask)

    desk.change(**{page.state.name.seed: 5})
    assert quiz.stage == "idle"


@pytest.mark.parametrize(
    ("typed", "seed"), [("7", 7), ("", 0), (None, 0), ("-3", 0), ("x", 0), ("12345678", 999_999), (4, 4)]
)
def test_whatever_is_typed_is_a_seed(typed: object, seed: int) -> None:
    assert seed_of(typed) == seed
