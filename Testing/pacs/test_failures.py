"""Each way in which an archive fails is one sentence of its own, and nobody else learns what was asked."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import traceback
from pathlib import Path

import pytest

from ContourQALib.errors import ContourQAError
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials
from ContourQALib.pacs.errors import AccessError, NotThereError, PacsError, PassingError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.retrieving import retrieve_series
from ContourQALib.pacs.searching import StudyFilter, find_studies
from ContourQALib.pacs.sending import send
from dicom_samples import PATIENT_ID, tells_nothing
from fake_archive import BROWSER_PAGE, DROPPED, Fault, fake_archive

SECRET = "h4rd-to-guess"
USER = Credentials("someone", SECRET)


def search(archive: Archive) -> object:
    return find_studies(archive, StudyFilter(patient_id=PATIENT_ID), limit=10)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(401), AccessError, "does not know who asks .* CONTOURQA_PACS_USER"),
        (Fault(403), AccessError, "does not allow"),
        (Fault(404), NotThereError, "/dicom-web"),
        (Fault(400), PacsError, "refused"),
        (Fault(500), PassingError, r"failed \(HTTP 500\)"),
        (Fault(503), PassingError, r"failed \(HTTP 503\)"),
        (DROPPED, PassingError, "broke"),
        (Fault(cut_at=1), PacsError, "as DICOMweb does"),
        (BROWSER_PAGE, PacsError, "as DICOMweb does"),
        (Fault(200, {"Content-Type": "application/json"}, b"[1]"), PacsError, "as DICOMweb does"),
        (Fault(200, {"Content-Type": "application/json"}, b'"no"'), PacsError, "as DICOMweb does"),
    ],
    ids=str,
)
def test_a_failure_is_one_sentence(fake, opened, slices, fault, kind, words):
    fake.keep(*slices)
    fake.gets.extend([fault] * 3)
    with pytest.raises(kind, match=words) as error:
        search(opened())
    told = str(error.value)
    assert fake.url in told
    assert told.endswith(".")
    assert told.count(". ") == told.count("\n") == 0
    assert tells_nothing(told)
    shown = "".join(traceback.format_exception(error.value))
    assert tells_nothing(shown), "CONTOURQA_DEBUG would show the address with what was asked"


def test_a_question_is_asked_again_a_store_is_not(fake, opened, slices):
    fake.keep(*slices)
    fake.gets.extend([DROPPED, Fault(503)])
    assert len(search(opened())) == 1
    assert len(fake.seen) == 4  # two that failed, one that found, one that found no more


def test_an_archive_that_says_nothing_is_given_up(fake, opened):
    fake.gets.extend([Fault(silent_s=9)] * 3)
    with pytest.raises(PassingError, match=r"within 0\.1 s"):
        search(opened(timeout_s=0.1))


def test_nobody_there_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(PassingError, match="cannot be reached"):
        search(Archive(Address.parse(url), backoff_s=()))


def test_files_that_come_as_a_page_are_no_files(fake, opened, slices, tmp_path):
    fake.keep(*slices)
    file = InstanceFile.read(slices[0])
    fake.gets.extend([None, None, *[BROWSER_PAGE] * 9])
    with pytest.raises(PacsError, match="as DICOMweb does"):
        retrieve_series(opened(), file.study_uid, file.series_uid, tmp_path)
    assert not list(tmp_path.iterdir())


def test_credentials_and_files_do_not_follow_a_redirect(fake, opened, slices):
    files = [InstanceFile.read(slices[0])]
    with fake_archive() as other:
        away = Fault(307, {"Location": f"{other.url}/studies?PatientID={PATIENT_ID}"})
        fake.gets.extend([away])
        with pytest.raises(
            PacsError, match=r"sends on to http://127\.0\.0\.1, which is not followed"
        ) as error:
            search(opened(USER))
        assert tells_nothing(str(error.value))
        fake.posts.append(away)
        with pytest.raises(PacsError, match="not followed"):
            send(opened(USER), files)
        assert not other.seen
    fake.posts.append(Fault(303, {"Location": f"{fake.url}/studies"}))
    with pytest.raises(PacsError, match="not followed"):  # a GET that goes well would pass for a store
        send(opened(), files)


def test_no_proxy_and_no_password_file_are_looked_for(fake, opened, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login other password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    search(opened())
    assert "Authorization" not in fake.seen[0].headers


def test_who_asks_is_asked_for_once_where_nobody_said(fake, opened):
    fake.user = USER.header
    asked = []

    def ask(address: Address) -> Credentials:
        asked.append(address.url)
        return USER

    archive = opened(ask=ask)
    search(archive)
    search(archive)
    assert asked == [fake.url]
    fake.user = Credentials("another", SECRET).header
    with pytest.raises(AccessError) as error:
        search(archive)
    assert SECRET not in str(error.value)
    assert asked == [fake.url]


def test_who_gave_credentials_is_not_asked(fake, opened):
    fake.user = "Basic other"
    with pytest.raises(AccessError):
        search(opened(USER, ask=lambda address: pytest.fail("asked")))
    assert len(fake.seen) == 1, "a wrong password repeated may lock the account"


def test_the_host_is_named_with_its_port(fake, opened):
    search(opened())
    assert fake.seen[0].headers["Host"] == fake.url.split("/")[2]


def test_no_log_holds_what_was_asked_or_who_asked(fake, opened, slices, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    fake.keep(*slices)
    file = InstanceFile.read(slices[0])
    fake.gets.extend([DROPPED, Fault(200, {"Warning": f"299 {PATIENT_ID}"}, b"[]")])
    archive = opened(USER)
    search(archive)
    retrieve_series(archive, file.study_uid, file.series_uid, tmp_path)
    send(archive, [file])
    assert tells_nothing(caplog.text)
    assert SECRET not in caplog.text
    assert USER.header not in caplog.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine with its key, signed by nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    making = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path.with_suffix(".crt")]
    subprocess.run(["openssl", *making.split(), *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def test_a_certificate_of_nobody_known_is_refused_unless_named(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    with fake_archive(certificate) as fake:
        address = Address.parse(fake.url)
        with pytest.raises(PacsError, match="--ca-file") as error:
            search(Archive(address, USER, backoff_s=()))
        assert not isinstance(error.value, PassingError), "asked again"
        assert not fake.seen, "the password was told to somebody unknown"
        search(Archive(address, USER, ca_file=certificate.with_suffix(".crt")))
        assert len(fake.seen) == 1


def test_an_archive_without_tls_is_not_talked_to_as_if_it_had(fake):
    with pytest.raises(PacsError, match="No secure connection"):
        search(Archive(Address.parse(fake.url.replace("http:", "https:")), USER, backoff_s=()))
    assert not fake.seen


def test_every_error_is_one_that_the_command_line_shows():
    for kind in (PacsError, AccessError, NotThereError, PassingError):
        assert issubclass(kind, ContourQAError)
