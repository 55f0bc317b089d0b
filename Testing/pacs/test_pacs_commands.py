"""`contourqa pacs query` and `send` as a clinic types them: what is printed, refused, and shown to nobody."""

from __future__ import annotations

import csv
import io
import shutil
from types import SimpleNamespace

import pytest

from ContourQALib.commands import pacs_connection
from dicom_samples import BIRTH_DATE, FREE_TEXT, PATIENT_ID, PATIENT_NAME, tells_nothing
from fake_archive import DROPPED, Fault

SECRET = "h4rd-to-guess"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("URL", "USER", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"CONTOURQA_PACS_{name}", raising=False)


@pytest.fixture
def pacs(contourqa, fake):
    """`contourqa pacs --url` with the fake archive's address."""
    return lambda *arguments: contourqa("pacs", "--url", fake.url, *arguments)


def test_studies_are_listed_without_names(fake, pacs, slices):
    fake.keep(*slices)
    shown = pacs("query")
    assert shown.code == 0, shown.err
    assert PATIENT_ID in shown.out
    assert "20200102" in shown.out
    (study,) = pacs("query", "--format", "json").json["studies"]
    assert study["study_uid"] in shown.out
    assert set(study) == {
        "study_uid", "study_date", "patient_id", "modalities", "series_count", "instance_count",
    }  # fmt: skip
    for secret in (PATIENT_NAME, BIRTH_DATE, FREE_TEXT):
        assert secret not in shown.out + shown.err


def test_names_are_shown_to_who_asks(fake, pacs, slices):
    fake.keep(*slices)
    assert PATIENT_NAME in pacs("query", "--show-names").out
    (row,) = csv.DictReader(io.StringIO(pacs("query", "--show-names", "--format", "csv").out))
    assert (row["patient_name"], row["description"]) == (PATIENT_NAME, FREE_TEXT)


def test_the_series_of_a_study_are_listed(fake, pacs, slices):
    fake.keep(*slices)
    (study,) = pacs("query", "--format", "json").json["studies"]
    (series,) = pacs("query", "--study", study["study_uid"], "--format", "json").json["series"]
    assert (series["modality"], series["number"]) == ("CT", 3)
    assert "description" not in series


def test_more_studies_than_the_limit_are_said(fake, pacs):
    fake.rows = [{"0020000D": {"vr": "UI", "Value": [f"1.2.{n}"]}} for n in range(9)]
    shown = pacs("query", "--limit", "3", "--format", "json")
    assert len(shown.json["studies"]) == 3
    assert "more than 3" in shown.err
    assert "more than" not in pacs("query", "--limit", "9").err


def test_nothing_found_is_said(pacs):
    shown = pacs("query", "--patient-id", PATIENT_ID)
    assert (shown.code, shown.out) == (0, "No studies.\n")


def test_text_of_the_archive_is_no_markup(fake, pacs):
    values = {"0020000D": "1.2.3", "00100020": "[red]7[/red]"}
    fake.rows = [{tag: {"vr": "LO", "Value": [value]} for tag, value in values.items()}]
    assert "[red]7[/red]" in pacs("query").out


def test_files_and_folders_are_sent_and_what_is_no_dicom_is_named(fake, pacs, slices, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(slices[0].parent, folder / "deep")
    (folder / "notes.txt").write_text("none")
    sent = pacs("send", folder)
    assert sent.code == 0, sent.err
    assert "stored 5 of 5 files" in sent.err
    assert f"Not sent: {folder / 'notes.txt'}" in sent.err
    assert sorted(fake.files.values()) == sorted(path.read_bytes() for path in slices)
    again = pacs("send", folder)
    assert "stored 0 of 5 files, 5 were there already" in again.err
    assert set(fake.stores.values()) == {1}


def test_what_was_not_stored_is_named_and_the_command_fails(fake, pacs, slices):
    fake.posts.extend([None, Fault(409)])
    sent = pacs("send", *slices)
    assert sent.code == 2
    assert "stored 4 of 5 files" in sent.err
    assert "1 of 5 files are not known to be in the archive: " in sent.err
    assert "not stored (HTTP 409, no reason given); send again" in sent.err
    assert tells_nothing(sent.err)


@pytest.mark.parametrize("what", ["missing.dcm", "notes.txt", "empty"])
def test_nothing_is_sent_when_a_file_that_was_named_is_no_dicom(fake, pacs, slices, tmp_path, what):
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "empty").mkdir()
    sent = pacs("send", slices[0], tmp_path / what)
    assert sent.code == 2
    assert what in sent.err.splitlines()[-1]
    assert not fake.seen


def test_no_password_is_taken_from_the_command_line(contourqa, fake):
    asked = contourqa("pacs", "--url", fake.url.replace("//", f"//someone:{SECRET}@"), "query")
    assert asked.code == 2
    assert SECRET not in asked.err + asked.out
    assert not fake.seen


def test_the_environment_says_who_asks_and_whom(fake, contourqa, slices, monkeypatch):
    fake.keep(*slices)
    fake.user = "Basic c29tZW9uZTpoNHJkLXRvLWd1ZXNz"  # printf 'someone:h4rd-to-guess' | base64
    monkeypatch.setenv("CONTOURQA_PACS_URL", fake.url)
    refused = contourqa("pacs", "query")
    assert refused.code == 2
    assert "CONTOURQA_PACS_USER" in refused.err
    monkeypatch.setenv("CONTOURQA_PACS_USER", "someone")
    monkeypatch.setenv("CONTOURQA_PACS_PASSWORD", SECRET)
    assert len(contourqa("pacs", "query", "--format", "json").json["studies"]) == 1


def test_the_terminal_is_asked_where_nobody_said_who_asks(fake, pacs, monkeypatch):
    fake.user = "Basic c29tZW9uZTpoNHJkLXRvLWd1ZXNz"
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(pacs_connection, "sys", SimpleNamespace(stdin=terminal, stderr=terminal))
    asked = []

    def prompt(text: str, err: bool, hide_input: bool = False) -> str:
        asked.append((text, hide_input))
        return SECRET if hide_input else "someone"

    monkeypatch.setattr(pacs_connection.typer, "prompt", prompt)
    shown = pacs("query")
    assert shown.code == 0, shown.err
    assert asked == [(f"User at {fake.url}", False), ("Password", True)]
    assert SECRET not in shown.out + shown.err


def test_a_command_without_an_address_says_how_to_give_one(contourqa):
    asked = contourqa("pacs", "query")
    assert asked.code == 2
    assert "--url" in asked.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--study-date", "2024-01-31"), "--study-date"), (("--study", "../.."), "no UID")],
)
def test_what_cannot_be_looked_for_is_not_asked(fake, pacs, arguments, words):
    asked = pacs("query", *arguments)
    assert asked.code == 2
    assert words in asked.err
    assert not fake.seen


def test_an_archive_that_does_not_answer_is_one_sentence(fake, pacs, monkeypatch):
    monkeypatch.setattr("ContourQALib.pacs.archive.time.sleep", lambda _: None)
    fake.gets.extend([DROPPED] * 9)
    asked = pacs("query", "--patient-id", PATIENT_ID)
    assert asked.code == 2
    assert len(asked.err.splitlines()) == 1
    assert tells_nothing(asked.err)
