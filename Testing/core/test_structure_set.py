"""RTSTRUCT files are read as they were written, and what is wrong with one is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.structure_set import (
    FRAME_TAG,
    REMARKS_TAG,
    LeftOutRoi,
    StructureSet,
    read_structure_set,
)
from dicom_samples import (
    disk_contours,
    small_grid,
    small_values,
    tells_nothing,
    uid,
    write_series,
    write_structure_set,
)

GRID = small_grid()
DISK = [np.round(points, 6) for points in disk_contours(GRID, (4, 4), 4.0, (1, 2, 3), points=12)]


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    return write_series(tmp_path_factory.mktemp("series"), small_values(GRID), GRID)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "RS.dcm"


def changed(path: Path, slices: list[Dataset], change, **rois) -> Path:
    """A structure set of a disk, and of more, after `change(dataset)`."""
    dataset = write_structure_set(path, slices, {"Bladder": DISK, **rois})
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path


def left_out(structures: StructureSet) -> dict[str, str]:
    return {roi.name: roi.reason for roi in structures.left_out}


@pytest.mark.parametrize(
    "encoding", ["explicit", "implicit", "big endian", "undefined length", "no preamble"]
)
def test_what_was_written_is_read(path, slices, encoding):
    dataset = write_structure_set(path, slices, {"Bladder": DISK, "Ring": DISK[1:2]})
    if encoding == "undefined length":
        _of_undefined_length(dataset)
        dataset.save_as(path, enforce_file_format=True)
    elif encoding == "no preamble":
        del dataset.preamble
        dataset.file_meta.clear()
        dcmwrite(path, dataset, implicit_vr=True, little_endian=True)
    elif encoding != "explicit":
        big = encoding == "big endian"
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian if big else ImplicitVRLittleEndian
        dcmwrite(path, dataset, implicit_vr=not big, little_endian=not big)

    found = read_structure_set(path)
    assert (found.instance_uid, found.study_uid) == (dataset.SOPInstanceUID, slices[0].StudyInstanceUID)
    assert (found.frame_uid, found.series_uids) == (
        slices[0].FrameOfReferenceUID,
        (slices[0].SeriesInstanceUID,),
    )
    assert [structure.name for structure in found.structures] == ["Bladder", "Ring"]
    bladder = found.structures[0]
    assert bladder.path == path
    assert bladder.color == (1.0, 40 / 255, 0.0)
    assert bladder.tags == {
        "DICOM.ROINumber": "1",
        "DICOM.ROIGenerationAlgorithm": "MANUAL",
        "DICOM.FrameOfReferenceUID": slices[0].FrameOfReferenceUID,
        "DICOM.RTROIInterpretedType": "ORGAN",
    }
    assert [contour.instance_uid for contour in bladder.contours] == [
        slices[k].SOPInstanceUID for k in (1, 2, 3)
    ]
    for contour, drawn in zip(bladder.contours, DISK, strict=True):
        np.testing.assert_array_equal(contour.points_mm, drawn)
    assert found.left_out == ()


def test_what_has_no_area_is_listed(path, slices):
    point = [np.array([[1.0, 2.0, 3.0]])]
    rois = {"Bladder": DISK, "Iso": point, "Open": DISK[:2], "Line": [DISK[0][:2]], "Empty": [], "?": DISK}
    kinds = {"Iso": "POINT", "Open": "OPEN_PLANAR", "?": "FREEHAND"}
    write_structure_set(path, slices, rois, kinds=kinds)
    found = read_structure_set(path)
    assert [structure.name for structure in found.structures] == ["Bladder"]
    assert left_out(found) == {
        "Iso": "1 point, no area",
        "Open": "2 open contours, no area",
        "Line": "1 contour of fewer than 3 points, no area",
        "Empty": "no contours",
        "?": "3 contours of unknown type, no area",
    }


def test_a_structure_says_which_of_its_contours_were_left_out(path, slices):
    def mixed(dataset):
        items = dataset.ROIContourSequence[0].ContourSequence
        items[0].ContourGeometricType = items[1].ContourGeometricType = "POINT"

    (found,) = read_structure_set(changed(path, slices, mixed)).structures
    assert len(found.contours) == 1
    assert found.tags[REMARKS_TAG] == "2 points left out"


def test_contours_that_are_combined_by_xor_are_areas(path, slices):
    write_structure_set(path, slices, {"Ring": DISK}, kinds={"Ring": "CLOSEDPLANAR_XOR"})
    assert len(read_structure_set(path).structures[0].contours) == len(DISK)


def test_a_repeated_closing_point_is_dropped(path, slices):
    closed = [np.vstack([points, points[:1]]) for points in DISK]
    write_structure_set(path, slices, {"Bladder": closed, "Spike": [DISK[0][[0, 1, 0]]]})
    found = read_structure_set(path)
    assert [len(contour.points_mm) for contour in found.structures[0].contours] == [12, 12, 12]
    assert left_out(found) == {"Spike": "1 contour of fewer than 3 points, no area"}


def test_structures_of_one_name_are_both_kept(path, slices):
    def twice(dataset):
        rois = dataset.StructureSetROISequence
        rois[1].ROIName = rois[2].ROIName = "Bladder"
        rois[2].ROINumber = dataset.ROIContourSequence[2].ReferencedROINumber = 7
        rois[3].ROIName = ""

    found = read_structure_set(changed(path, slices, twice, B=DISK, C=DISK, D=DISK)).structures
    assert [structure.name for structure in found] == [
        "Bladder",
        "Bladder (ROI 2)",
        "Bladder (ROI 7)",
        "ROI 4",
    ]
    assert REMARKS_TAG not in found[0].tags
    assert found[1].tags[REMARKS_TAG] == "another region of interest is called Bladder, too"


def test_a_name_that_nobody_drew_takes_it_from_none(path, slices):
    def template(dataset):
        dataset.StructureSetROISequence[1].ROIName = "Empty"

    found = read_structure_set(changed(path, slices, template, B=[], Empty=DISK))
    assert [structure.name for structure in found.structures] == ["Bladder", "Empty"]
    assert left_out(found) == {"Empty": "no contours"}


def test_private_elements_of_any_kind_do_no_harm(path, slices):
    def private(dataset):
        block = dataset.private_block(0x3253, "Sample", create=True)
        block.add_new(0x01, "OB", b"\xfe\xff\x00\xe0\x00\x00\x00\x00")
        block[0x01].is_undefined_length = True

    assert len(read_structure_set(changed(path, slices, private)).structures) == 1


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 192", "Rückenmark ö"),
        ("ISO_IR 100", "Vésicules séminales"),
        ("ISO_IR 144", "Мочевой пузырь"),
        (["ISO 2022 IR 6", "ISO 2022 IR 87"], "膀胱"),
    ],
)
def test_names_of_any_alphabet(path, slices, character_set, name):
    def spelled(dataset):
        dataset.SpecificCharacterSet = character_set
        dataset.StructureSetROISequence[0].ROIName = name

    assert read_structure_set(changed(path, slices, spelled)).structures[0].name == name


def test_a_name_that_moves_a_terminals_cursor_is_one_line(path, slices):
    def typed(dataset):
        dataset.StructureSetROISequence[0].ROIName = "\tOrgan\n\x1b[2Jof \u53f3\u3000\u80ba\r"

    (found,) = read_structure_set(changed(path, slices, typed)).structures
    assert found.name == "Organ  [2Jof \u53f3\u3000\u80ba"


def test_every_structure_has_its_own_frame_of_reference(path, slices):
    def moved(dataset):
        dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = uid("another")
        del dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID

    found = read_structure_set(changed(path, slices, moved, B=DISK, C=DISK))
    frames = [structure.tags[FRAME_TAG] for structure in found.structures]
    assert frames == [uid("another")] + 2 * [slices[0].FrameOfReferenceUID]
    assert found.frame_uid == slices[0].FrameOfReferenceUID


def test_contours_that_no_region_names_are_listed(path, slices):
    def orphaned(dataset):
        del dataset.StructureSetROISequence[1]

    found = read_structure_set(changed(path, slices, orphaned, B=DISK))
    assert found.left_out == (LeftOutRoi("ROI 2", "contours of no region of interest"),)


def test_what_a_file_need_not_say_may_be_missing(path, slices):
    def bare(dataset):
        del dataset.ReferencedFrameOfReferenceSequence, dataset.RTROIObservationsSequence
        del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
        drawn = dataset.ROIContourSequence[0]
        drawn.ROIDisplayColor = [255, 0]
        for item in drawn.ContourSequence:
            del item.ContourImageSequence, item.NumberOfContourPoints

    found = read_structure_set(changed(path, slices, bare))
    assert (found.frame_uid, found.series_uids) == ("", ())
    (bladder,) = found.structures
    assert bladder.color is None
    assert {contour.instance_uid for contour in bladder.contours} == {""}


@pytest.mark.parametrize(
    ("data", "count", "said"),
    [
        ("1\\2\\3\\4", None, "holds 4 coordinates for 12 points"),
        ("1\\2\\3\\4\\5\\6", "3", "holds 6 coordinates for 3 points"),
        ("1\\2\\3\\4\\5\\6", "2.5", "holds 6 coordinates;"),
        ("1\\2\\3\\4\\5,5\\6", "2", "no numbers"),
        ("1\\2\\3\\4\\\\6", "2", "no numbers"),
        ("1\\2\\3\\4\\nan\\6", "2", "not finite"),
        ("1\\2\\3\\4\\1e999\\6", "2", "not finite"),
    ],
)
def test_coordinates_that_are_none(path, slices, data, count, said):
    write_structure_set(path, slices, {"Bladder": DISK})
    dataset = dcmread(path)
    item = dataset.ROIContourSequence[0].ContourSequence[1]
    raw = item.get_item("ContourData")
    item["ContourData"] = raw._replace(value=data.encode(), length=len(data))
    if count is not None:
        raw = item.get_item("NumberOfContourPoints")
        item["NumberOfContourPoints"] = raw._replace(value=count.encode(), length=len(count))
    dataset.save_as(path)
    with pytest.raises(FormatError, match=said) as caught:
        read_structure_set(path)
    assert f"contour 2 of Bladder in {path}" in str(caught.value)
    assert tells_nothing(str(caught.value))


def test_two_places_for_one_region(path, slices):
    def doubled(dataset):
        dataset.ROIContourSequence[1].ReferencedROINumber = 1

    with pytest.raises(FormatError, match="region of interest 1 in two places"):
        read_structure_set(changed(path, slices, doubled, B=DISK))


def test_files_that_are_no_structure_set(tmp_path, slices):
    write_series(tmp_path / "CT", small_values(GRID)[:1], GRID)
    (tmp_path / "note.dcm").write_text("not DICOM")
    for name, said in (
        ("CT/0000.dcm", "is no RTSTRUCT"),
        ("note.dcm", "is no DICOM file"),
        ("none.dcm", "does not exist"),
        ("CT", "is a folder"),
    ):
        with pytest.raises(FormatError, match=said):
            read_structure_set(tmp_path / name)


@pytest.mark.parametrize("undefined", [False, True])
def test_a_file_that_was_cut_short_anywhere(path, slices, undefined):
    dataset = write_structure_set(path, slices, {"Bladder": DISK, "B": DISK})
    if undefined:
        _of_undefined_length(dataset)
        dataset.save_as(path, enforce_file_format=True)
    whole, complete = path.read_bytes(), read_structure_set(path)
    refused = 0
    lengths = range(len(whole) - 1, 300, -67)
    for length in lengths:
        path.write_bytes(whole[:length])
        try:
            found = read_structure_set(path)
        except FormatError:
            refused += 1
            continue
        # Cut between two elements of the file: what the missing one says is missing, and nothing else.
        for one, other in zip(found.structures, complete.structures, strict=False):
            assert len(one.contours) == len(other.contours)
            for cut, contour in zip(one.contours, other.contours, strict=True):
                np.testing.assert_array_equal(cut.points_mm, contour.points_mm)
    assert refused > 0.8 * len(lengths)


def test_an_element_that_is_not_what_it_should_be(path, slices):
    write_structure_set(path, slices, {"Bladder": DISK})
    dataset = dcmread(path)
    roi = dataset.StructureSetROISequence[0]
    raw = roi.get_item("ROINumber")
    roi["ROINumber"] = raw._replace(value=b"Sample^Patient", length=14)
    dataset.save_as(path)
    with pytest.raises(FormatError, match="damaged or no valid RTSTRUCT") as caught:
        read_structure_set(path)
    assert tells_nothing(str(caught.value))


def _of_undefined_length(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _of_undefined_length(item)
