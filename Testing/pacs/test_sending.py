"""Files are sent once, whatever happens to the answers, and what became of each is known."""

from __future__ import annotations

import json

import pytest

from ContourQALib.errors import FormatError
from ContourQALib.pacs.errors import AccessError, PassingError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.sending import Outcome, send
from fake_archive import DROPPED, LOST_ANSWER, Fault


@pytest.fixture
def files(slices) -> list[InstanceFile]:
    return [InstanceFile.read(path) for path in slices]


def outcomes(results) -> list[Outcome]:
    return [one.outcome for one in results]


def test_what_arrives_is_what_lies_on_the_disk(fake, opened, files):
    assert outcomes(send(opened(), files)) == [Outcome.STORED] * 5
    assert [fake.files[file.instance_uid] for file in files] == [file.path.read_bytes() for file in files]


def test_an_instance_whose_answer_was_lost_is_not_sent_again(fake, opened, files):
    fake.posts.extend([None, LOST_ANSWER])
    results = send(opened(), files)
    assert outcomes(results) == [Outcome.STORED] * 5
    assert set(fake.stores.values()) == {1}
    assert "lost" in results[1].reason


def test_an_instance_whose_answer_came_too_late_is_not_sent_again(fake, opened, files):
    fake.posts.append(Fault(silent_s=3.0))
    results = send(opened(timeout_s=0.2), files[:1])
    assert outcomes(results) == [Outcome.STORED]
    assert fake.stores == {files[0].instance_uid: 1}


@pytest.mark.parametrize(
    "fault", [DROPPED, Fault(503), Fault(500), Fault(429)], ids=["dropped", "503", "500", "429"]
)
def test_an_instance_that_the_archive_does_not_have_is_sent_again(fake, opened, files, fault):
    fake.posts.append(fault)
    assert outcomes(send(opened(), files[:1])) == [Outcome.STORED]
    assert len(fake.requests("POST")) == 2
    asked = fake.seen[-2]
    assert asked.method == "GET"
    assert files[0].instance_uid in asked.path, "the archive was not asked before the file was sent again"


def test_an_archive_that_fails_and_stores_does_not_get_it_twice(fake, opened, files):
    fake.posts.append(Fault(500, after=True))
    assert outcomes(send(opened(), files[:1])) == [Outcome.STORED]
    assert fake.stores == {files[0].instance_uid: 1}


def test_what_is_there_already_is_not_sent(fake, opened, files):
    fake.keep(*(file.path for file in files[:2]))
    results = send(opened(), files)
    assert outcomes(results) == [Outcome.ALREADY_THERE] * 2 + [Outcome.STORED] * 3
    assert outcomes(send(opened(), files)) == [Outcome.ALREADY_THERE] * 5
    assert len(fake.requests("POST")) == 3


def test_one_instance_in_two_files_is_sent_once(fake, opened, files):
    assert len(send(opened(), [files[0], files[0]])) == 1
    assert fake.stores == {files[0].instance_uid: 1}


def test_a_refusal_is_named_with_its_reason_and_the_rest_is_sent(fake, opened, files):
    failed = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA900]}}]}}
    fake.posts.append(Fault(409, {"Content-Type": "application/dicom+json"}, json.dumps(failed).encode()))
    results = send(opened(), files)
    assert outcomes(results) == [Outcome.NOT_STORED] + [Outcome.STORED] * 4
    assert results[0].reason == "HTTP 409, failure reason A900: the data set does not match its kind"
    assert len(fake.requests("POST")) == 5


@pytest.mark.parametrize("body", [b"", b"<html>no", b"[]", b'{"00081198": 3}'])
def test_a_refusal_without_words_that_can_be_read_is_a_refusal(fake, opened, files, body):
    fake.posts.append(Fault(400, {"Content-Type": "application/dicom+json"}, body))
    (result,) = send(opened(), files[:1])
    assert (result.outcome, result.reason) == (Outcome.NOT_STORED, "HTTP 400, no reason given")


def test_stored_with_a_warning_is_stored_and_said(fake, opened, files):
    said = {"00081199": {"vr": "SQ", "Value": [{"00081196": {"vr": "US", "Value": [0xB000]}}]}}
    fake.posts.append(
        Fault(202, {"Content-Type": "application/dicom+json"}, json.dumps(said).encode(), after=True)
    )
    (result,) = send(opened(), files[:1])
    assert (result.outcome, result.reason) == (Outcome.STORED, "warning B000")


def test_accepted_without_a_word_is_believed_when_the_archive_has_it(fake, opened, files):
    fake.posts.extend([Fault(202), Fault(202, after=True)])
    results = send(opened(), files[:2])
    assert outcomes(results) == [Outcome.NOT_STORED, Outcome.STORED]


def test_an_archive_that_falls_silent_is_not_asked_for_every_file(fake, opened, files):
    fake.posts.extend([None, LOST_ANSWER])
    fake.gets.extend([None, *[DROPPED] * 20])
    results = send(opened(), files)
    assert outcomes(results) == [Outcome.STORED, Outcome.UNKNOWN, *[Outcome.NOT_SENT] * 3]
    assert len(fake.requests("POST")) == 2


def test_an_archive_that_never_takes_it_is_given_up(fake, opened, files):
    fake.posts.extend([DROPPED] * 20)
    (result,) = send(opened(), files[:1])
    assert result.outcome is Outcome.NOT_STORED
    assert len(fake.requests("POST")) == 2


def test_nothing_is_sent_to_an_archive_that_cannot_be_asked(fake, opened, files):
    fake.gets.extend([DROPPED] * 20)
    with pytest.raises(PassingError):
        send(opened(), files)
    assert not fake.requests("POST")


@pytest.mark.parametrize(
    "fault", [Fault(403), Fault(302, {"Location": "https://other.example/"})], ids=["403", "302"]
)
def test_what_is_stored_before_the_sending_ends_is_still_known(fake, opened, files, fault):
    fake.posts.extend([None, fault])
    results = send(opened(), files)
    assert outcomes(results) == [Outcome.STORED, Outcome.NOT_STORED, *[Outcome.NOT_SENT] * 3]
    assert results[1].reason.startswith(fake.url)
    assert len(fake.requests("POST")) == 2


def test_a_file_that_is_gone_by_then_is_said(fake, opened, files, tmp_path):
    gone = InstanceFile(tmp_path / "gone.dcm", "1.2", "1.2.3", "1.2.3.4")
    with pytest.raises(FormatError, match="Cannot read"):
        send(opened(), [gone])
    assert outcomes(send(opened(), [files[0], gone])) == [Outcome.STORED, Outcome.NOT_STORED]


def test_who_may_not_store_is_told_so(fake, opened, files):
    fake.posts.append(Fault(403))
    with pytest.raises(AccessError, match="does not allow"):
        send(opened(), files)
    assert len(fake.requests("POST")) == 1
