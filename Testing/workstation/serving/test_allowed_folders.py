"""Only what was named can be read, wherever links and dots lead."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from ContourQALib.workstation.errors import AccessError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders


@pytest.fixture
def cases(tmp_path) -> Path:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "image.nrrd").write_text("inside")
    (tmp_path / "secret.nrrd").write_text("outside")
    return folder


def test_what_lies_inside_is_opened_by_its_true_path(cases):
    (cases / "link.nrrd").symlink_to(cases / "image.nrrd")

    assert AllowedFolders([cases]).check(cases / "link.nrrd") == (cases / "image.nrrd").resolve()
    assert AllowedFolders([cases]).check(cases / "not-yet.nrrd") == (cases / "not-yet.nrrd").resolve()


@pytest.mark.parametrize("path", ["../secret.nrrd", "x/../../secret.nrrd", "/etc/passwd", "..", "/"])
def test_what_lies_outside_is_refused(cases, path):
    with pytest.raises(AccessError, match="lies outside the folders"):
        AllowedFolders([cases]).check(cases / path)


def test_a_folder_whose_name_only_begins_alike_is_outside(cases):
    with pytest.raises(AccessError):
        AllowedFolders([cases]).check(cases.with_name("cases-of-others") / "image.nrrd")


def test_links_out_of_the_folder_are_refused(cases):
    (cases / "file.nrrd").symlink_to(cases.parent / "secret.nrrd")
    (cases / "folder").symlink_to(cases.parent)

    for path in ("file.nrrd", "folder/secret.nrrd"):
        with pytest.raises(AccessError):
            AllowedFolders([cases]).check(cases / path)


def test_a_folder_given_as_a_link_is_what_it_links_to(cases):
    link = cases.with_name("link")
    link.symlink_to(cases)

    assert AllowedFolders([link]).check(cases / "image.nrrd").read_text() == "inside"


def test_a_single_file_is_allowed_without_its_neighbors(cases):
    folders = AllowedFolders([cases / "image.nrrd"])

    assert folders.check(cases / "image.nrrd").name == "image.nrrd"
    with pytest.raises(AccessError):
        folders.check(cases / "other.nrrd")


def test_relative_paths_start_where_the_command_was_given(cases, monkeypatch):
    monkeypatch.chdir(cases.parent)

    assert AllowedFolders([Path("cases")]).check(Path("cases/image.nrrd")).is_absolute()
    with pytest.raises(AccessError):
        AllowedFolders([Path("cases")]).check(Path("secret.nrrd"))


def test_links_in_a_circle_are_a_sentence(cases):
    (cases / "a").symlink_to(cases / "b")
    (cases / "b").symlink_to(cases / "a")

    # Python 3.13 leaves such links as they are: the path stays inside, and opening it fails.
    allowed = (
        nullcontext() if sys.version_info >= (3, 13) else pytest.raises(AccessError, match="be followed")
    )
    with allowed:
        AllowedFolders([cases]).check(cases / "a" / "image.nrrd")


def test_a_path_that_is_none_is_a_sentence(cases):
    with pytest.raises(AccessError, match="cannot be followed"):
        AllowedFolders([cases]).check(cases / "a\0b")


def test_nothing_given_allows_nothing(cases):
    with pytest.raises(AccessError):
        AllowedFolders([]).check(cases / "image.nrrd")
