"""Objects to JSON and back, and what is never made of a message."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid, Relation
from ContourQALib.metrics.compare import compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.worker_codec import decode, encode
from ContourQALib.worker_requests import AssessRequest
from worker_cases import BALL, FOGGY, MR


@dataclass(frozen=True)
class Foreign:
    number: int


def there_and_back(value):
    arrays: list[np.ndarray] = []

    def share(array: np.ndarray) -> dict:
        arrays.append(array)
        return {"number": len(arrays) - 1}

    text = json.dumps(encode(value, share), allow_nan=False)
    return decode(json.loads(text), lambda record: arrays[record["number"]])


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 2**60, 0.1, 1e-320, "Parotis_L Ä\n", "", b"\x00\xff", (), (1, (2.5, "a")),
        [1, [2]], {}, {"a": (1,), 2: None}, math.inf, -math.inf, Path("a/b"), Verdict.REVIEW, Status.EMPTY,
        Relation.SAME, Levels(0.9, 0.1), Grid((2, 3, 4), (0.1, 0.2, 0.3)),
    ],
)  # fmt: skip
def test_what_results_are_made_of_comes_back_equal_and_of_its_type(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_nan_comes_back_as_nan_and_numpys_scalars_as_numbers():
    assert math.isnan(there_and_back(math.nan))
    back = there_and_back((np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan")))
    assert back[:3] == (0.5, 3, True)
    assert [type(one) for one in back] == [float, int, bool, float]


def test_a_request_comes_back_with_its_arrays_and_all_that_it_holds():
    tagged = Contour(BALL.mask, BALL.grid, "ball", (0.1, 0.2, 0.3), {"ContourQA.Rasterized": "planar"})
    asked = AssessRequest(MR, (tagged, BALL), probabilities=(FOGGY,), levels=Levels(0.9, 0.6), device="cpu")
    back = there_and_back(asked)
    assert back.image.values is MR.values
    assert (back.image.grid, back.levels, back.device) == (MR.grid, Levels(0.9, 0.6), "cpu")
    assert back.contours[0].tags == tagged.tags
    assert back.contours[0].color == tagged.color
    assert back.probabilities[0].values is FOGGY.values


def test_undefined_figures_of_a_comparison_come_back():
    nothing = Contour(np.zeros_like(BALL.mask), BALL.grid, "ball")
    found = compare(BALL, nothing, per_slice=True)
    back = there_and_back(found)
    assert back.status is Status.TEST_EMPTY
    assert (back.hd_mm, back.reason) == (found.hd_mm, found.reason)
    assert len(back.slices) == len(found.slices)


@pytest.mark.parametrize("value", [Foreign(1), object(), {1}, Foreign, len, 1j, lambda: 0])
def test_other_objects_are_refused(value):
    with pytest.raises(TypeError, match="not carried"):
        encode((value,), lambda array: {})


@pytest.mark.parametrize(
    "name",
    [
        "subprocess:Popen",
        "pathlib:Path",
        "ContourQALibX.case:Image",
        "ContourQALib.worker_process:WorkerProcess",  # ours, but nothing that is carried
        "ContourQALib.worker_process:main",
        "ContourQALib.case:np",
        "ContourQALib.case:Grid",  # it lies in another module
        "ContourQALib.case:Image.__init__",
        "ContourQALib.__main__:main",
        "ContourQALib.case:None",
        "ContourQALib",
    ],
)
def test_nothing_else_is_made_of_a_message(name):
    with pytest.raises(TypeError, match="not carried"):
        decode({"type": name, "fields": {}}, lambda record: None)
    with pytest.raises(TypeError, match="not carried"):
        decode({"enum": name, "member": "a"}, lambda record: None)


def test_an_objects_own_checks_hold_and_unknown_kinds_are_refused():
    wrong = encode(Image(MR.values, MR.grid), lambda array: {})
    with pytest.raises(GeometryError):
        decode(wrong, lambda record: np.zeros((1, 1, 1)))
    with pytest.raises(ValueError, match="no known kind"):
        decode({"pickle": "gASV"}, lambda record: None)
    with pytest.raises(TypeError):
        decode({"type": "ContourQALib.quality.verdict:Levels", "fields": {"other": 1}}, lambda record: None)
