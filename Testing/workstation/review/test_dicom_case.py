"""A case of DICOM in review: edited beside the structure set, and given back as a DICOM segmentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.segment_tags import ALGORITHM_TYPE_TAG
from ContourQALib.formats.dicom.segmentation_in import read_seg
from ContourQALib.formats.digests import digest_of_series
from ContourQALib.geometry import Grid
from ContourQALib.workstation.cases.case_list import list_cases
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.editing.stroke_editing import Tool
from ContourQALib.workstation.review.segmentation_download import FILE_NAME, NOTHING, SegmentationDownload
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from dicom_samples import PATIENT_ID, disk_contours, small_values, write_series, write_structure_set
from editing_bench import EditingBench, opened

GRID = Grid((24, 20, 8), (1.5, 2.0, 3.0), (-10.0, -20.0, 30.0))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditingBench]:
    folder = tmp_path_factory.mktemp("dicom")
    case = folder / "cases" / "anna"
    image = write_series(case / "image", small_values(GRID), GRID, "MR")
    near, far = ((8, 10), (17, 10))
    rois = {
        "LeftParotid": disk_contours(GRID, near, 6.0, (2, 3, 4, 5)),
        "Rectum": disk_contours(GRID, far, 4.0, (2, 3)),
    }
    write_structure_set(case / "mask" / "RS.dcm", image, rois)
    with opened(folder / "cases", folder / "results", reader="Ann") as bench:
        bench.folder = case
        yield bench


@pytest.fixture
def bench(shared: EditingBench) -> EditingBench:
    shared.open("anna", "LeftParotid")
    return shared


def download(bench: EditingBench) -> SegmentationDownload:
    return bench.station.pages["review"].segmentation


def segmentation(bench: EditingBench) -> bytes | None:
    """What the button's click leads to; None where there is only a sentence."""
    address = bench.run(download(bench).make())
    if not address:
        return None
    (offer,) = bench.session.downloads._offers.values()
    bench.session.downloads._offers.clear()
    assert offer.name == FILE_NAME
    return offer.content


def test_what_is_decided_comes_back_as_a_segmentation_of_the_image(
    bench: EditingBench, tmp_path: Path
) -> None:
    assert download(bench)._typed.data.shown
    assert segmentation(bench) is None
    assert bench.message == NOTHING
    bench.run(bench.panel.decide(Choice.ACCEPT))
    path = tmp_path / "back.dcm"
    path.write_bytes(segmentation(bench))
    (back,) = read_seg(path)
    assert back.name == "LeftParotid"
    assert np.array_equal(back.on(GRID).mask, bench.case.contour("LeftParotid").on(GRID).mask)
    dataset = pydicom.dcmread(path)
    assert dataset.PatientID == PATIENT_ID
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == bench.case.image.series.series_uid
    assert "Rectum" in bench.message
    (made,) = bench.session.decisions.all()
    assert made.image_sha256 == digest_of_series(bench.case.entry.series)


def test_an_edited_contour_lies_beside_the_structure_set_and_is_said_to_be_drawn_by_hand(
    bench: EditingBench,
) -> None:
    before = bench.masks()
    bench.stroke(Tool.ERASE, bench.middle("LeftParotid"), diameter_mm=7.0)
    bench.run(bench.panel.decide(Choice.EDIT))
    made = bench.session.decisions.all()[-1]
    assert made.edited_file == "RS.edited-1.seg.nrrd"
    saved = {one.name: one for one in read_contours(bench.folder / "mask" / made.edited_file)}
    assert set(saved) == {"LeftParotid", "Rectum"}
    assert np.array_equal(saved["Rectum"].on(GRID).mask, before["Rectum"])
    assert saved["LeftParotid"].on(GRID).mask.sum() < before["LeftParotid"].sum()
    assert saved["Rectum"].rasterized
    path = bench.folder.parent.parent / "edited.dcm"
    path.write_bytes(segmentation(bench))
    (back,) = read_seg(path)
    assert np.array_equal(back.on(GRID).mask, saved["LeftParotid"].on(GRID).mask)
    assert back.tags[ALGORITHM_TYPE_TAG] == "MANUAL"
    folders = AllowedFolders([bench.folder])
    (again,) = list_cases(bench.folder, folders).cases
    assert (again.name, again.models) == ("anna", {}), "what was edited is no case of its own"


def test_what_was_changed_after_the_decision_is_not_given_back(bench: EditingBench) -> None:
    bench.call(bench.session.select_structure, "Rectum")
    bench.run(bench.panel.decide(Choice.ACCEPT))
    bench.call(bench.session.select_structure, "Rectum")
    bench.stroke(Tool.ERASE, bench.middle("Rectum"), diameter_mm=4.0)
    assert b"Rectum" not in (segmentation(bench) or b"")
