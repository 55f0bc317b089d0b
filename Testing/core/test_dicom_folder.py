"""What is found in folders of DICOM files, which series is meant, and that nothing is said of the patient."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ContourQALib.formats.dicom.folder import DicomFolder, scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.recognizing import Kind, dicom_kind, is_dicom
from ContourQALib.formats.dicom.series_image import read_series
from dicom_checks import change, sentence
from dicom_samples import (
    BIRTH_DATE,
    PATIENT_NAME,
    disk_contours,
    small_grid,
    small_values,
    tells_nothing,
    uid,
    write_enhanced,
    write_series,
    write_structure_set,
)

GRID = small_grid(3)
VALUES = small_values(GRID)
SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


@pytest.fixture(autouse=True)
def _nothing_told(capfd, recwarn, caplog) -> Iterator[None]:
    """No test here may print, log or warn anything of the patient."""
    yield
    captured = capfd.readouterr()
    assert tells_nothing(captured.out + captured.err + caplog.text)
    assert all(tells_nothing(str(one.message)) for one in recwarn)


def cut(path: Path, keep: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def without_preamble(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    del dataset.file_meta, dataset.preamble
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)


def numbers(folder: DicomFolder) -> list[int | None]:
    return [series.number for series in folder.series]


def test_series_structure_sets_and_segmentations_are_found_at_any_depth(tmp_path):
    ct = write_series(tmp_path / "a" / "b" / "ct", VALUES, GRID, series_number=7)
    write_series(tmp_path / "mr", VALUES, GRID, "MR", series_number=2)
    structures = tmp_path / "a" / "rs.dcm"
    write_structure_set(structures, ct, {"Disk": disk_contours(GRID, (4, 4), 3, [1])})
    segmentation = tmp_path / "seg"
    shutil.copy(tmp_path / "mr" / "0000.dcm", segmentation)
    change(segmentation, SOPClassUID=pydicom.uid.SegmentationStorage)
    found = scan(tmp_path)
    assert numbers(found) == [2, 7]
    assert found.structure_sets == (structures,)
    assert found.segmentations == (segmentation,)
    assert found.left_out == ()
    mr, other = found.series
    assert (mr.modality, other.modality) == ("MR", "CT")
    assert (other.study_uid, other.series_uid) == (ct[0].StudyInstanceUID, ct[0].SeriesInstanceUID)
    assert other.frame_uid == ct[0].FrameOfReferenceUID
    assert other.files == tuple(tmp_path / "a" / "b" / "ct" / f"{k:04d}.dcm" for k in range(3))
    assert other.instance_uids == tuple(one.SOPInstanceUID for one in ct)
    assert other.label == f"series 7 (CT, 3 images, UID {ct[0].SeriesInstanceUID})"
    assert "Freely" in other.description
    assert "Freely" not in repr(other) + other.label


def no_dicom(folder: Path) -> None:
    (folder / "x").write_text("notes")


def empty(folder: Path) -> None:
    (folder / "x").touch()


def dead_link(folder: Path) -> None:
    (folder / "x").symlink_to(folder / "nowhere")


def copied(folder: Path) -> None:
    shutil.copy(folder / "0001.dcm", folder / "x")


def altered(**elements: object) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        copied(folder)
        change(folder / "x", SOPInstanceUID=uid("other"), **elements)

    return add


def cut_to(keep: float) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        altered()(folder)
        cut(folder / "x", keep)

    return add


LEFT_OUT = {
    "no DICOM": (no_dicom, "is no DICOM file"),
    "empty": (empty, "is no DICOM file"),
    "dead link": (dead_link, "cannot be opened"),
    "cut in its preamble": (cut_to(0.05), "is no DICOM file"),
    "cut in its header": (cut_to(0.5), "is cut short or holds no pixels"),
    "cut in its pixels": (cut_to(0.99), "is cut short"),
    "copy": (copied, "holds the same image as 0001.dcm"),
    "scout": (altered(ImageType=SCOUT), "is a scout (localizer), no part of a volume"),
    "color": (altered(SamplesPerPixel=3), "is an image in color"),
    "palette": (altered(PhotometricInterpretation="PALETTE COLOR"), "is an image in color"),
    "no series": (altered(SeriesInstanceUID=""), "does not say which image of which series it is"),
    "damaged header": (altered(SamplesPerPixel=[1, 1]), "has a damaged header"),
    "dose": (altered(SOPClassUID=pydicom.uid.RTDoseStorage), "holds no CT, MR or PET image (RT Dose)"),
    "report": (
        altered(SOPClassUID=pydicom.uid.Comprehensive3DSRStorage),
        "holds no CT, MR or PET image (Comprehensive 3D SR)",
    ),
    "damaged kind": (
        altered(SOPClassUID=f"1.2 {PATIENT_NAME}"),
        "holds no CT, MR or PET image (damaged)",
    ),
    "directory": (
        altered(SOPClassUID=pydicom.uid.MediaStorageDirectoryStorage),
        "is the list of a disk's files",
    ),
}


@pytest.mark.parametrize(("add", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_file_that_cannot_be_used_is_named_and_the_rest_is_used(tmp_path, add, reason):
    write_series(tmp_path, VALUES, GRID)
    add(tmp_path)
    found = scan(tmp_path)
    assert [(one.path, one.reason) for one in found.left_out] == [(tmp_path / "x", reason)]
    assert np.array_equal(read_series(choose_series(found)).values, VALUES)


def test_a_pipe_is_not_waited_for(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    os.mkfifo(tmp_path / "x")
    assert [one.reason for one in scan(tmp_path).left_out] == ["cannot be opened"]
    assert not is_dicom(tmp_path / "x")


def test_different_images_of_one_uid_are_no_copies(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        change(path, SOPInstanceUID=uid("the same"))
    text = sentence(read_series, choose_series(scan(tmp_path)))
    assert "holds 2 different images under SOP Instance UIDs of others" in text


def test_a_file_without_preamble_is_read(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        without_preamble(path)
        assert is_dicom(path)
        assert dicom_kind(path) is Kind.IMAGE
    assert np.array_equal(read_series(choose_series(scan(tmp_path))).values, VALUES)


def test_a_file_stands_for_the_series_it_belongs_to(tmp_path):
    write_series(tmp_path, VALUES, GRID, series_number=1, names=["a", "b", "c"], series_uid=uid(1))
    write_series(tmp_path, VALUES, GRID, series_number=2, series_uid=uid(2))
    write_series(tmp_path / "below", VALUES, GRID, series_number=3)
    found = scan(tmp_path / "b")
    assert numbers(found) == [1, 2]
    assert choose_series(found).number == 1
    assert choose_series(found, wanted="2").number == 2


def test_a_multi_frame_file_stands_for_itself(tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_enhanced(tmp_path / name, VALUES, GRID)
        change(tmp_path / name, SeriesInstanceUID=uid("one series"))
    assert "2 files of which 2 are multi-frame" in sentence(read_series, choose_series(scan(tmp_path)))
    assert choose_series(scan(tmp_path / "b.dcm")).files == (tmp_path / "b.dcm",)


def test_the_directory_of_a_disk_stands_for_its_folder(tmp_path):
    write_series(tmp_path / "DICOM" / "0", VALUES, GRID)
    shutil.copy(tmp_path / "DICOM" / "0" / "0000.dcm", tmp_path / "DICOMDIR")
    change(tmp_path / "DICOMDIR", SOPClassUID=pydicom.uid.MediaStorageDirectoryStorage)
    assert choose_series(scan(tmp_path / "DICOMDIR")).image_count == 3


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> DicomFolder:
    """Series 1, 1, 2 and 3 of one patient."""
    folder = tmp_path_factory.mktemp("several")
    for name, number in {"a": 1, "b": 1, "c": 2, "d": 3}.items():
        write_series(
            folder / name,
            VALUES[:1],
            small_grid(1),
            series_number=number,
            series_uid=f"1.2.{number}.{ord(name)}",
        )
    return scan(folder)


@pytest.mark.parametrize("wanted", ["2", " 2 ", "1.2.2.99", "2.2.99", ".2.99"])
def test_a_series_is_chosen_by_its_number_its_uid_or_the_end_of_that(several, wanted):
    assert choose_series(several, wanted).series_uid == "1.2.2.99"


def test_a_series_that_contours_refer_to_is_meant(several):
    assert choose_series(several, referenced=["1.9", "1.2.3.100"]).number == 3
    assert choose_series(several, "2", referenced=["1.2.3.100"]).number == 2  # said by the user
    assert "holds 2 series" in sentence(choose_series, several, None, ["1.2.3.100", "1.2.2.99"])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (None, "holds 4 series; choose one with --series: series 1 (CT, 1 image, UID 1.2.1.97), "),
        ("1", 'holds 2 series that "1" may mean; name one by its UID: '),
        ("8", 'holds no series "8"; it holds series 1 '),
        ("", 'holds no series ""; it holds'),
        ("None", 'holds no series "None"; it holds'),
    ],
)
def test_what_may_mean_several_series_or_none_lists_them(several, wanted, words):
    text = sentence(choose_series, several, wanted)
    assert f"{several.source} {words}" in text


def test_many_series_are_not_all_listed(tmp_path):
    for number in range(14):
        write_series(tmp_path / str(number), VALUES[:1], small_grid(1), series_number=number)
    text = sentence(choose_series, scan(tmp_path))
    assert text.count("UID") == 12
    assert text.endswith("and 2 more.")


def test_files_of_several_patients_are_counted_when_it_matters(tmp_path):
    write_series(tmp_path / "a", VALUES, GRID, patient_id="one", series_number=1)
    write_series(tmp_path / "b", VALUES, GRID, patient_id="two", series_number=2)
    text = sentence(choose_series, scan(tmp_path))
    assert "2 series of 2 patients; choose one with --series" in text
    assert choose_series(scan(tmp_path), "2").number == 2


def test_patients_mixed_in_one_series_are_refused(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    change(tmp_path / "0001.dcm", PatientID="two")
    assert "mixes files of 2 patients" in sentence(read_series, choose_series(scan(tmp_path)))


def test_a_folder_without_images_says_what_it_holds(tmp_path):
    assert sentence(choose_series, scan(tmp_path)) == f"{tmp_path} holds no CT, MR or PET images."
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.txt").touch()
    text = sentence(choose_series, scan(tmp_path))
    assert text.endswith("images: a.txt is no DICOM file, and 1 more were left out.")


def test_what_is_not_there_or_no_dicom_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("notes")
    assert f"{tmp_path / 'a.txt'} is no DICOM file" in sentence(scan, tmp_path / "a.txt")
    assert "does not exist" in sentence(scan, tmp_path / "b")
    assert "does not exist" in sentence(dicom_kind, tmp_path / "b")


def test_without_pydicom_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    write_series(tmp_path, VALUES, GRID)
    monkeypatch.setitem(sys.modules, "pydicom", None)  # as if it were not there
    assert is_dicom(tmp_path)
    assert "pip install pydicom" in sentence(scan, tmp_path)
    assert "pip install pydicom" in sentence(dicom_kind, tmp_path / "0000.dcm")


def test_dicom_is_recognized_without_its_extension(tmp_path):
    assert not is_dicom(tmp_path)
    assert not is_dicom(tmp_path / "nowhere")
    (tmp_path / "a").write_bytes(b"\x08\x00" + b"\xff" * 300)  # begins like a file without preamble
    (tmp_path / "b").write_bytes(b"\x00" * 300)
    assert not is_dicom(tmp_path)
    assert "is no DICOM file" in sentence(dicom_kind, tmp_path / "a")
    series = write_series(tmp_path / "below", VALUES[:1], small_grid(1), names=["c"])
    write_structure_set(tmp_path / "rs", series, {})
    assert is_dicom(tmp_path)
    assert is_dicom(tmp_path / "below" / "c")
    assert dicom_kind(tmp_path / "rs") is Kind.STRUCTURE_SET
    change(tmp_path / "rs", SOPClassUID=pydicom.uid.EnhancedSRStorage)
    assert dicom_kind(tmp_path / "rs") is Kind.REPORT
    change(tmp_path / "rs", SOPClassUID=pydicom.uid.RTPlanStorage)
    assert dicom_kind(tmp_path / "rs") is Kind.OTHER


def test_values_that_the_standard_forbids_are_not_quoted(tmp_path, recwarn):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        change(
            path,
            PatientBirthDate=f"{BIRTH_DATE}.x",
            PatientName=PATIENT_NAME * 10,
            SeriesInstanceUID="1.a." + "2" * 80,
        )
    with quietly():
        pydicom.dcmread(path).PatientBirthDate  # noqa: B018 - what pydicom warns of otherwise
    read_series(choose_series(scan(tmp_path)))
    assert not recwarn.list
    pydicom.dcmread(path).SeriesInstanceUID  # noqa: B018 - checks are on again
    assert recwarn.list


def test_damage_that_moves_a_name_into_a_uid_or_code_is_not_shown(tmp_path):
    for name in ("a", "b"):
        write_series(tmp_path / name, VALUES[:1], small_grid(1))
        spoiled = {"SeriesInstanceUID": f"1.{PATIENT_NAME}.{name}", "Modality": PATIENT_NAME}
        change(tmp_path / name / "0000.dcm", Units=PATIENT_NAME, **spoiled)
    text = sentence(choose_series, scan(tmp_path))
    assert text.count("series 3 (no modality, 1 image, UID damaged)") == 2


def test_checks_of_values_are_on_again_when_the_last_of_several_threads_has_read():
    before = pydicom.config.settings.reading_validation_mode
    first_reads, second_reads = threading.Event(), threading.Event()

    def first() -> None:
        with quietly():
            first_reads.set()
            second_reads.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    first_reads.wait(5)
    with quietly():
        second_reads.set()
        thread.join(5)
        assert pydicom.config.settings.reading_validation_mode == pydicom.config.IGNORE
    assert pydicom.config.settings.reading_validation_mode == before != pydicom.config.IGNORE
