"""What is known of the cases, and the order in which to open them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.verdict import Levels
from ContourQALib.quality.worklist import AssessedCase, Worklist
from ContourQALib.workstation.cases.known_cases import KnownCases, Stage
from worklist_samples import assessment, entry, found

SURE, DOUBTFUL, BAD = found("A"), found("A", "review", 0.78), found("A", "reject", 0.4)


def known(*names: str) -> KnownCases:
    return KnownCases([entry(name) for name in names], Levels())


def test_the_order_is_that_of_the_librarys_worklist():
    cases = known("sure", "bad", "waiting", "doubtful", "broken")
    for name, structure in (("sure", SURE), ("bad", BAD), ("doubtful", DOUBTFUL)):
        cases.keep(name, assessment(found("B"), structure))
    cases.fail("broken", "It is damaged.")
    done = [
        AssessedCase(name, name, "", assessment(found("B"), structure))
        for name, structure in (("sure", SURE), ("bad", BAD), ("doubtful", DOUBTFUL))
    ]
    broken = AssessedCase("broken", "broken", "", None, "It is damaged.")
    expected = Worklist((*done, broken), Levels()).by_risk
    assert cases.by_risk == (*(case.case for case in expected), "waiting")
    assert cases.by_risk == ("broken", "bad", "doubtful", "sure", "waiting")


def test_the_order_follows_what_becomes_known():
    cases = known("a", "b")
    assert cases.by_risk == ("a", "b")
    cases.keep("a", assessment(SURE))
    cases.keep("b", assessment(BAD))
    assert cases.by_risk == ("b", "a")
    cases.put_back("b")
    assert cases.by_risk == ("a", "b")


def test_error_maps_are_let_go():
    grid = Grid.for_shape((2, 2, 2))
    error = ErrorMap(np.ones((2, 2, 2), np.float32), grid, (slice(0, 2),) * 3)
    cases = known("a")
    cases.keep("a", assessment(replace(BAD, error=error)))
    held = cases.case("a").assessment
    assert held is not None
    assert held.structures == (BAD,)
    assert held.structures[0].error is None


def test_a_case_with_a_problem_has_failed_from_the_start():
    cases = KnownCases([entry("a"), entry("b", problem="b.nrrd does not exist; check the path.")], Levels())
    assert [case.name for case in cases.of_stage(Stage.FAILED)] == ["b"]
    assert cases.worklist.failed[0].reason == "b.nrrd does not exist; check the path."


def test_the_worklist_for_reports_holds_what_was_tried_alone():
    cases = known("a", "b", "c")
    cases.keep("a", assessment(SURE))
    cases.begin("b")
    assert [case.case for case in cases.worklist.cases] == ["a"]
