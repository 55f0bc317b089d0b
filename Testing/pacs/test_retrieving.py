"""What is taken from an archive is what it keeps, byte for byte; broken connections leave no half a file."""

from __future__ import annotations

import pytest

from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.errors import NotThereError, PacsError, PassingError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.retrieving import retrieve_instance, retrieve_series
from ContourQALib.pacs.searching import StudyFilter, find_instances, find_series, find_studies
from dicom_samples import PATIENT_ID, tells_nothing
from fake_archive import DROPPED, Fault


@pytest.fixture
def series(fake, slices) -> InstanceFile:
    """The series that the archive holds, by its first file."""
    fake.keep(*slices)
    return InstanceFile.read(slices[0])


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_series_is_taken_byte_for_byte(fake, opened, series, slices, tmp_path):
    told = []
    paths = retrieve_series(
        opened(), series.study_uid, series.series_uid, tmp_path / "a", lambda *how: told.append(how)
    )
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in slices]
    assert contents(tmp_path / "a").keys() == {f"{uid}.dcm" for uid in fake.files}
    assert told[-1] == (5, 5, "files")
    assert len([one for one in fake.seen if "instances/" in one.path]) == 0, "taken one by one"


def test_what_a_broken_connection_left_out_is_taken_one_by_one(fake, opened, series, slices, tmp_path):
    size = slices[0].stat().st_size
    fake.gets.extend([None, None, Fault(cut_at=3 * size)])  # two pages of the list of files, then these
    paths = retrieve_series(opened(), series.study_uid, series.series_uid, tmp_path)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in slices]
    assert len(list(tmp_path.iterdir())) == 5
    assert len([one for one in fake.seen if "instances/" in one.path]) == 3


def test_half_a_file_is_not_kept_when_the_archive_stays_away(fake, opened, series, slices, tmp_path):
    size = slices[0].stat().st_size
    fake.gets.extend([None, None, Fault(cut_at=2 * size), *[DROPPED] * 20])
    with pytest.raises(PassingError):
        retrieve_series(opened(), series.study_uid, series.series_uid, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() in [path.read_bytes() for path in slices]


def test_an_interrupted_retrieval_leaves_whole_files_alone(opened, series, slices, tmp_path, monkeypatch):
    files = Archive.files

    def interrupted(archive, path):
        for count, pieces in enumerate(files(archive, path)):
            yield pieces if count == 0 else broken_off(pieces)

    def broken_off(pieces):
        yield next(pieces)[:100]
        raise KeyboardInterrupt

    monkeypatch.setattr(Archive, "files", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retrieve_series(opened(), series.study_uid, series.series_uid, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() in [path.read_bytes() for path in slices]


def test_a_file_that_the_archive_lists_and_cannot_give_is_named(fake, opened, series, slices, tmp_path):
    listed = [None, None]
    fake.gets.extend([*listed, Fault(404), *[None] * 4, Fault(404)])
    last = InstanceFile.read(slices[-1]).instance_uid
    with pytest.raises(PacsError, match=f"lists 5 files.*1 of them, the first {last}") as error:
        retrieve_series(opened(), series.study_uid, series.series_uid, tmp_path)
    assert tells_nothing(str(error.value))


def test_a_damaged_file_is_named(fake, opened, series, slices, tmp_path):
    uid = InstanceFile.read(slices[2]).instance_uid
    fake.answers[uid] = b"\0" * 128 + b"DICM" + b"rubbish" * 9
    with pytest.raises(PacsError, match=f"1 of them, the first {uid}"):
        retrieve_series(opened(), series.study_uid, series.series_uid, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_that_was_not_asked_for_is_not_kept(fake, opened, series, slices, tmp_path):
    first, second = (InstanceFile.read(path).instance_uid for path in slices[:2])
    fake.answers[first] = fake.files[second]
    (listed, *_) = find_instances(opened(), series.study_uid, series.series_uid)
    assert listed.instance_uid == first
    with pytest.raises(PacsError, match=first):
        retrieve_instance(opened(), listed, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("whole", [False, True])
def test_one_instance_is_taken_byte_for_byte(fake, opened, series, slices, tmp_path, whole):
    fake.whole_instances = whole  # as some archives answer, against the standard
    listed = find_instances(opened(), series.study_uid, series.series_uid)[3]
    path = retrieve_instance(opened(), listed, tmp_path / "new")
    assert path == tmp_path / "new" / f"{listed.instance_uid}.dcm"
    assert path.read_bytes() == slices[3].read_bytes()


def test_a_series_that_is_not_there_is_said(opened, series, tmp_path):
    with pytest.raises(NotThereError, match=r"no series 1\.2\.3"):
        retrieve_series(opened(), series.study_uid, "1.2.3", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_an_archive_that_lists_little_at_a_time_is_asked_on(fake, opened, series):
    fake.page = 2
    assert len(find_instances(opened(), series.study_uid, series.series_uid)) == 5


def test_an_archive_that_knows_no_offset_is_not_asked_for_ever(fake, opened, series):
    fake.knows_offset, fake.page = False, 3
    assert len(find_instances(opened(), series.study_uid, series.series_uid)) == 3


def test_studies_and_series_are_told_as_the_archive_lists_them(fake, opened, series):
    (study,) = find_studies(opened(), StudyFilter(patient_id=PATIENT_ID), limit=10)
    assert (study.study_uid, study.patient_id, study.study_date) == (series.study_uid, PATIENT_ID, "20200102")
    assert find_studies(opened(), StudyFilter(patient_id="another"), limit=10) == ()
    (one,) = find_series(opened(), series.study_uid)
    assert (one.series_uid, one.modality, one.number) == (series.series_uid, "CT", 3)
    assert find_series(opened(), "1.2.3") == ()
    assert find_studies(opened(), StudyFilter(), limit=1) == (study,)


def test_an_answer_without_content_is_nothing_found(fake, opened):
    fake.gets.append(Fault(204))
    assert find_studies(opened(), StudyFilter(), limit=10) == ()


def test_texts_of_an_archive_cannot_steer_the_terminal(fake, opened, series):
    row = {
        "0020000D": {"vr": "UI", "Value": [series.study_uid]},
        "00100020": {"vr": "LO", "Value": ["\x1b[2Jclear\r\n"]},
        "00100010": {"vr": "PN", "Value": [{"Ideographic": "name"}]},
        "00201206": {"vr": "IS", "Value": ["many"]},
        "00080061": {"vr": "CS"},
        "00081030": "no element",
    }
    fake.rows = [row, {"0020000D": {"vr": "UI", "Value": ["../../etc"]}}]
    (study,) = find_studies(opened(), StudyFilter(), limit=10)
    assert study.patient_id == "[2Jclear"
    assert (study.patient_name, study.series_count, study.modalities) == ("name", None, ())
