"""What the model is shown of a case beside image and contours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.quality.verdict import Levels
from ContourQALib.worker_requests import AssessRequest
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.case_request import case_request
from files_on_disk import BALL, SHAPE, SHIFTED, write

GRID = Grid.for_shape(SHAPE)


def segmentation(path: Path, **masks: np.ndarray) -> StructureFile:
    write_segmentation([Contour(mask.astype(bool), GRID, name) for name, mask in masks.items()], path)
    return StructureFile(path)


@pytest.fixture
def entry(tmp_path: Path) -> CaseEntry:
    """A case with maps of both structures, two of the CTV, and another model's contours."""
    maps = {"CTV": 0.5 * BALL, "CTV_late": 0.25 * BALL, "Rectum": 0.75 * SHIFTED}
    written = [(write(tmp_path / f"{name}.nrrd", values), name) for name, values in maps.items()]
    return CaseEntry(
        "a",
        "a",
        write(tmp_path / "ct.nrrd", np.zeros(SHAPE, np.int16)),
        (segmentation(tmp_path / "drawn.seg.nrrd", CTV=BALL, Rectum=SHIFTED),),
        (),
        {"LFT": (segmentation(tmp_path / "lft.seg.nrrd", CTV=SHIFTED),)},
        tuple(StructureFile(path, name.removesuffix("_late")) for path, name in written),
    )


def asked(entry: CaseEntry, second: str = "", only: str = "") -> tuple[AssessRequest, tuple[str, ...]]:
    files = CaseFiles(entry)
    contours = [one for one in files.contours() if only in ("", one.name)]
    return case_request(files, files.image(), contours, "m", Levels(), second)


def test_maps_of_the_contours_are_shown_the_first_of_each(entry: CaseEntry) -> None:
    request, missing = asked(entry)
    shown = {one.name: one.values.max() for one in request.probabilities}
    assert (shown, missing) == ({"CTV": 0.5, "Rectum": 0.75}, ())
    assert request.seconds == ()
    (rectum,) = asked(entry, only="Rectum")[0].probabilities
    assert rectum.name == "Rectum"


def test_the_second_segmentation_is_the_models_that_was_named(entry: CaseEntry) -> None:
    (second,) = asked(entry, "LFT")[0].seconds
    assert np.array_equal(second.on(GRID).mask, SHIFTED.astype(bool))
    assert asked(entry, "VPM")[0].seconds == (), "a case may lack what others have"


def test_what_cannot_be_read_is_said_and_the_rest_is_asked(entry: CaseEntry, tmp_path: Path) -> None:
    write(tmp_path / "CTV.nrrd", 255 * BALL)
    (tmp_path / "lft.seg.nrrd").write_bytes(b"nothing")
    request, (of_maps, of_second) = asked(entry, "LFT")
    assert of_maps.startswith("Assessed without probability maps: ")
    assert "CTV.nrrd" in of_maps
    assert of_second.startswith("Assessed without the contours of LFT: ")
    assert (request.probabilities, request.seconds) == ((), ())
    assert len(request.contours) == 2
