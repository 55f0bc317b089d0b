"""The Quality tab, by clicks: contours are assessed again while they are edited."""

from __future__ import annotations

import time

import numpy as np
import pytest

from slicer_module.quality_cases import CENTERS, DICES, GRID, assessed, ball
from slicer_module.quality_looks import column, edit, row_of, verdicts

PENDING = "\u2026"


# edit


@pytest.fixture
def live(ui, panel, patient, assess, click, worker, wait_until):
    """An assessed patient with "assess while I edit" switched on."""
    assess()
    click(ui.assessWhileEditingCheckBox)
    wait_until(lambda: not panel.session.tasks.busy)
    worker.requests.clear()
    return patient


def asked(worker):
    return [[contour.name for contour in request.contours] for request in worker.requests]


def test_an_edited_segment_is_assessed_anew_and_no_other(ui, panel, live, worker, wait_until):
    worker.answers["AssessRequest"] = lambda request: assessed(request, {**DICES, "Brainstem": 0.88})
    edit(live, "Brainstem", (15, 21, 28))
    assert column(ui, 2)[row_of(ui, "Brainstem")] == PENDING
    assert column(ui, 2)[row_of(ui, "Cord")] != PENDING
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Brainstem"]]
    assert column(ui, 0) == ["Cord", "Brainstem", "Parotid"]
    assert column(ui, 2)[1] == "0.88\n(0.84\u20130.91)"
    assert [one.structure for one in panel.session.assessment.structures] == list(CENTERS)
    assert panel.session.parameterNode.assessmentTable.GetNumberOfRows() == 3


def test_of_many_strokes_the_latest_wins(ui, panel, live, worker, wait_until):
    for j in range(15, 20):
        edit(live, "Cord", (22, j, 12))
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    np.testing.assert_array_equal(worker.requests[0].contours[0].on(GRID).mask, ball((22, 19, 12)))


def test_a_stroke_while_the_last_one_is_computed_is_not_lost(ui, panel, live, worker, wait_until):
    worker.hold()
    edit(live, "Cord", (22, 15, 12))
    wait_until(lambda: worker.requests, 3)
    edit(live, "Cord", (22, 18, 12))
    time.sleep(0.3)
    wait_until(lambda: True)
    assert column(ui, 2)[row_of(ui, "Cord")] == PENDING
    worker.go_on()
    wait_until(lambda: len(worker.requests) == 2 and not panel.session.tasks.busy, 3)
    np.testing.assert_array_equal(worker.requests[1].contours[0].on(GRID).mask, ball((22, 18, 12)))
    assert PENDING not in column(ui, 2)


def test_a_change_that_changes_nothing_asks_nothing(ui, panel, live, worker, wait_until):
    edit(live, "Cord", CENTERS["Cord"])
    wait_until(lambda: panel.qualityPanel.live.pending, 1)
    wait_until(lambda: not panel.qualityPanel.live.pending, 3)
    assert worker.requests == []
    assert PENDING not in column(ui, 2)


def test_an_unchecked_segment_is_left_alone(ui, panel, live, worker, wait_until):
    panel.session.parameterNode.unselectedSegments = [live.ids["Cord"]]
    edit(live, "Cord", (22, 18, 12))
    edit(live, "Parotid", (9, 12, 12))
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Parotid"]]


def test_what_was_edited_before_is_caught_up_with(ui, panel, patient, assess, worker, click, wait_until):
    assess()
    worker.requests.clear()
    edit(patient, "Cord", (22, 18, 12))
    click(ui.assessWhileEditingCheckBox)
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Cord"]]


def test_levels_that_change_meanwhile_hold_for_the_edited_segment_too(ui, panel, live, worker, wait_until):
    worker.hold()
    edit(live, "Cord", (22, 18, 12))
    wait_until(lambda: worker.requests, 3)
    ui.acceptLevelSpinBox.setValue(0.76)
    ui.rejectLevelSpinBox.setValue(0.6)
    worker.go_on()
    wait_until(lambda: not panel.session.tasks.busy)
    assert verdicts(ui) == ["reject", "accept", "accept"]


def test_a_removed_segment_loses_its_row_and_its_errors(ui, panel, live, worker, wait_until):
    live.segmentation.GetSegmentation().RemoveSegment(live.ids["Brainstem"])
    wait_until(lambda: not panel.session.tasks.busy)
    assert column(ui, 0) == ["Cord", "Parotid"]
    overlay = panel.session.parameterNode.errorOverlay.GetSegmentation()
    assert overlay.GetNumberOfSegments() == 4


def test_a_renamed_segment_is_another_structure(ui, panel, live, worker, wait_until):
    live.segmentation.GetSegmentation().GetSegment(live.ids["Cord"]).SetName("Cochlea")
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Cochlea"]]
    assert "Cochlea" in column(ui, 0)
    assert "Cord" not in column(ui, 0)


def test_editing_is_watched_from_other_modules_and_not_without_the_check_box(
    ui, panel, live, worker, wait_until, click
):
    panel.exit()
    edit(live, "Cord", (22, 18, 12))
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    panel.enter()
    assert column(ui, 0) == ["Brainstem", "Cord", "Parotid"]
    click(ui.assessWhileEditingCheckBox)
    edit(live, "Cord", (22, 20, 12))
    time.sleep(0.4)
    wait_until(lambda: not panel.session.tasks.busy)
    assert len(worker.requests) == 1
