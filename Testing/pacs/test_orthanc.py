"""A real archive: what was sent comes back, by hash and by values, and its failures are named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials
from ContourQALib.pacs.errors import AccessError, NotThereError, PacsError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.retrieving import retrieve_series
from ContourQALib.pacs.searching import StudyFilter, find_instances, find_series, find_studies
from ContourQALib.pacs.sending import Outcome, send
from dicom_samples import PATIENT_ID, tells_nothing


def hashes(paths) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


@pytest.fixture(scope="module")
def sent(orthanc, slices) -> list[InstanceFile]:
    """A series that the archive holds."""
    files = [InstanceFile.read(path) for path in slices]
    results = send(orthanc.archive(), files)
    assert {one.outcome for one in results} <= {Outcome.STORED, Outcome.ALREADY_THERE}
    return files


def test_a_series_comes_back_byte_for_byte(orthanc, sent, tmp_path):
    first = sent[0]
    paths = retrieve_series(orthanc.archive(), first.study_uid, first.series_uid, tmp_path)
    assert hashes(paths) == hashes([file.path for file in sent])


def test_what_was_sent_is_found(orthanc, sent):
    archive = orthanc.archive()
    (study,) = find_studies(archive, StudyFilter(patient_id=PATIENT_ID, modality="ct"), limit=10)
    assert (study.study_uid, study.modalities, study.instance_count) == (sent[0].study_uid, ("CT",), 5)
    wildcards = f"*{PATIENT_ID[1:4]}?{PATIENT_ID[5:]}"
    assert find_studies(archive, StudyFilter(patient_id=wildcards), limit=10) == (study,)
    (series,) = find_series(archive, study.study_uid)
    assert (series.series_uid, series.modality, series.instance_count) == (sent[0].series_uid, "CT", 5)
    found = find_instances(archive, study.study_uid, series.series_uid)
    assert {one.instance_uid for one in found} == {file.instance_uid for file in sent}
    assert find_studies(archive, StudyFilter(study_date="19000101-19001231"), limit=10) == ()


def test_what_was_sent_is_not_sent_again(orthanc, sent):
    assert {one.outcome for one in send(orthanc.archive(), sent)} == {Outcome.ALREADY_THERE}


def test_what_the_archive_cannot_read_is_refused(orthanc, tmp_path):
    path = tmp_path / "note.dcm"
    path.write_bytes(b"no DICOM at all")
    (result,) = send(orthanc.archive(), [InstanceFile(path, "1.2.3", "1.2.3.4", "1.2.3.4.5")])
    assert (result.outcome, result.reason) == (Outcome.NOT_STORED, "HTTP 400, no reason given")


def test_a_wrong_password_and_a_wrong_path_are_told_apart(orthanc, sent):
    stranger = Archive(Address.parse(orthanc.url), Credentials("tester", "wrong"))
    with pytest.raises(AccessError, match="does not know who asks") as error:
        find_studies(stranger, StudyFilter(patient_id=PATIENT_ID), limit=1)
    assert tells_nothing(str(error.value))
    elsewhere = Archive(Address.parse(orthanc.url.replace("dicom-web", "nothing")), orthanc.credentials)
    with pytest.raises(NotThereError, match="/dicom-web"):
        find_studies(elsewhere, StudyFilter(), limit=1)
    root = Archive(Address.parse(orthanc.url.replace("/dicom-web", "")), orthanc.credentials)
    with pytest.raises(PacsError, match=r"refused.*/dicom-web"):
        find_studies(root, StudyFilter(), limit=1)


def test_a_study_that_is_not_there_is_said(orthanc, tmp_path):
    with pytest.raises(NotThereError, match="no series"):
        retrieve_series(orthanc.archive(), "1.2.3", "1.2.3.4", tmp_path)
    assert not list(Path(tmp_path).iterdir())
