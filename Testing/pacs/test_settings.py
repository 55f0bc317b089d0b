"""Addresses and credentials: what is refused before anything is asked, and that no secret shows."""

from __future__ import annotations

import pytest

from ContourQALib.errors import SettingError
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials

SECRET = "h4rd-to-guess"


@pytest.mark.parametrize(
    ("typed", "url", "host", "private"),
    [
        ("https://pacs.example/dicom-web/", "https://pacs.example/dicom-web", "pacs.example", True),
        (" http://localhost:8042/dicom-web", "http://localhost:8042/dicom-web", "localhost", True),
        ("http://127.0.0.1:8042", "http://127.0.0.1:8042", "127.0.0.1", True),
        ("http://[::1]:8042/x", "http://[::1]:8042/x", "::1", True),
        ("http://pacs.example/dicom-web", "http://pacs.example/dicom-web", "pacs.example", False),
        ("http://localhost.example", "http://localhost.example", "localhost.example", False),
    ],
)
def test_an_address_is_taken_apart(typed, url, host, private):
    address = Address.parse(typed)
    assert (address.url, address.host, address.private) == (url, host, private)
    assert Archive(address).address == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "pacs.example/dicom-web",
        "ftp://pacs.example",
        "https://",
        "https://pacs:port/x",
        "http://[::1",
        "file:///etc",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(SettingError, match="address"):
        Address.parse(typed)


@pytest.mark.parametrize("typed", ["https://pacs.example/studies?PatientID=1", "https://pacs.example/#top"])
def test_an_address_with_a_query_is_refused(typed):
    with pytest.raises(SettingError, match="root"):
        Address.parse(typed)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(SettingError, match="CONTOURQA_PACS_PASSWORD") as error:
        Address.parse(f"https://someone:{SECRET}@pacs.example/dicom-web")
    assert SECRET not in str(error.value)
    assert "someone" not in str(error.value)


def test_credentials_come_from_the_environment():
    assert Credentials.of({}) is None
    user = Credentials.of({"CONTOURQA_PACS_USER": "Jörg", "CONTOURQA_PACS_PASSWORD": "a:ß"})
    assert user == Credentials("Jörg", "a:ß")
    assert user.header == "Basic SsO2cmc6YTrDnw=="  # printf 'Jörg:a:ß' | base64
    token = Credentials.of({"CONTOURQA_PACS_TOKEN": "abc"})
    assert token is not None
    assert token.header == "Bearer abc"


@pytest.mark.parametrize(
    "environment",
    [
        {"CONTOURQA_PACS_USER": "someone"},
        {"CONTOURQA_PACS_PASSWORD": SECRET},
        {"CONTOURQA_PACS_TOKEN": SECRET, "CONTOURQA_PACS_USER": "someone"},
        {"CONTOURQA_PACS_TOKEN": f"{SECRET}\r\nX-Other: 1"},
    ],
)
def test_half_of_it_or_two_ways_at_once_are_refused(environment):
    with pytest.raises(SettingError, match="CONTOURQA_PACS") as error:
        Credentials.of(environment)
    assert SECRET not in str(error.value)


def test_a_secret_does_not_show_when_credentials_are_printed():
    assert SECRET not in repr(Credentials("someone", SECRET, SECRET))


def test_credentials_do_not_travel_in_clear():
    with pytest.raises(SettingError, match="clear"):
        Archive(Address.parse("http://pacs.example/dicom-web"), Credentials("someone", SECRET))


def test_a_file_of_certificates_that_holds_none_is_refused(tmp_path):
    address = Address.parse("https://pacs.example/dicom-web")
    with pytest.raises(SettingError, match="--ca-file"):
        Archive(address, ca_file=tmp_path / "missing.pem")
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(SettingError, match="--ca-file"):
        Archive(address, ca_file=tmp_path / "empty.pem")
