"""Files out: the whole file or nothing, and one sentence why not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError, OutputError, StructureError
from ContourQALib.formats.images import read_image, write_image
from ContourQALib.formats.output import TakenError, output_folder, remove_leftovers, write_atomically
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid

GRID = Grid((40, 30, 20))
NOISE = np.random.default_rng(0).integers(0, 2**15, GRID.shape).astype(np.int16)  # does not compress
EXTENSIONS = [".nii", ".nii.gz", ".nrrd", ".mha", ".seg.nrrd"]


def write(path: Path) -> None:
    if path.name.endswith(".seg.nrrd"):
        write_segmentation([Contour(NOISE % 2 == 1, GRID, "noise")], path)
    else:
        write_image(Image(NOISE, GRID), path)


def refused(path: Path, action: Callable[[Path], object], says: str) -> None:
    with pytest.raises(OutputError) as raised:
        action(path)
    assert str(path) in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def write_half(path: Path, interrupted_by: BaseException) -> None:
    with write_atomically(path) as temporary:
        temporary.write_text("half of")
        raise interrupted_by


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_only_the_file_itself_is_left(tmp_path, extension):
    write(tmp_path / f"x{extension}")
    assert [p.name for p in tmp_path.iterdir()] == [f"x{extension}"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_older_file_is_replaced(tmp_path, extension):
    path = tmp_path / f"x{extension}"
    path.write_bytes(b"older")
    write(path)
    values = read_segmentation(path)[0].mask if ".seg." in extension else read_image(path).values
    assert np.array_equal(values, NOISE % 2 == 1 if ".seg." in extension else NOISE)


@pytest.mark.parametrize("older", [None, b"older"], ids=["new", "older"])
def test_a_failure_leaves_what_was_there(tmp_path, older):
    path = tmp_path / "x.json"
    if older:
        path.write_bytes(older)
    with pytest.raises(RuntimeError):
        write_half(path, RuntimeError())
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([older] if older else [])


def test_an_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "x.json", KeyboardInterrupt())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("folder", ["missing", "a file"])
def test_a_folder_that_is_missing_or_a_file(tmp_path, extension, folder):
    if folder == "a file":
        (tmp_path / folder).write_text("")
    refused(
        tmp_path / folder / f"x{extension}", write, "does not exist" if folder == "missing" else "is a file"
    )


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_name_that_is_a_folder(tmp_path, extension):
    (tmp_path / f"x{extension}").mkdir()
    refused(tmp_path / f"x{extension}", write, "is a folder")


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_is_not_writable(tmp_path, monkeypatch, extension, code):
    def denied(*_: object, **__: object) -> None:
        raise OSError(code, "denied")

    monkeypatch.setattr(Path, "touch", denied)
    refused(tmp_path / f"x{extension}", write, "not writable")
    refused(tmp_path / "results", output_folder, "not writable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    refused(tmp_path / "x.nrrd", write, "not writable")
    refused(tmp_path / "results", output_folder, "not writable")


@pytest.mark.parametrize("meanwhile", [False, True], ids=["before", "meanwhile"])
@pytest.mark.parametrize("what", ["file", "folder", "broken link"])
def test_what_must_not_be_written_over_is_not(tmp_path, what, meanwhile):
    path = tmp_path / "x.txt"

    def take() -> None:
        if what == "file":
            path.write_text("another's")
        elif what == "folder":
            path.mkdir()
        else:
            path.symlink_to(tmp_path / "nowhere")

    def save() -> None:
        with write_atomically(path, overwrite=False) as temporary:
            temporary.write_text("ours")
            take()

    if not meanwhile:
        take()
    with pytest.raises(TakenError, match=r"x\.txt is there already"):
        save()
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
    assert path.is_dir() if what == "folder" else path.is_symlink() or path.read_text() == "another's"


def test_a_free_name_is_taken_without_overwriting(tmp_path):
    path = tmp_path / "x.txt"
    with write_atomically(path, overwrite=False) as temporary:
        temporary.write_text("ours")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["ours"]
    assert path.stat().st_nlink == 1


def test_a_disk_that_is_full_at_the_last_step(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", full_disk)
    for extension in EXTENSIONS:
        refused(tmp_path / f"x{extension}", write, "disk is full")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_disk_that_fills_up_while_writing(tmp_path, extension):
    """A limit on the size of files stands for the disk: ITK's own writers meet it, not only Python's."""
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from ContourQALib.errors import OutputError\n"
        "from test_formats_output import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n"
        "    write(Path(sys.argv[1]))\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / f"x{extension}"
    path.write_bytes(b"older")
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert str(path) in done.stdout
    assert "disk" in done.stdout
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"older"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_the_system_says_that_the_disk_is_full(tmp_path):
    with pytest.raises(OutputError, match="disk is full"), write_atomically(tmp_path / "x.json"):
        Path("/dev/full").write_text("x")


@pytest.mark.parametrize("name", ["x.txt", "x", "x.mhd", "x.nhdr", "x.dcm"])
def test_kinds_of_file_that_are_not_written(tmp_path, name):
    refused(tmp_path / name, write, "cannot be written")
    assert not list(tmp_path.iterdir())


def test_a_segmentation_needs_the_extension_by_which_slicer_knows_it(tmp_path):
    contour = Contour(NOISE > 5, GRID, "noise")
    refused(tmp_path / "x.nrrd", lambda path: write_segmentation([contour], path), ".seg.nrrd")


def test_a_segmentation_of_nothing_is_refused(tmp_path):
    with pytest.raises(StructureError, match=r"x\.seg\.nrrd"):
        write_segmentation([], tmp_path / "x.seg.nrrd")


def test_contours_on_different_grids_cannot_share_a_file(tmp_path):
    apart = Grid(GRID.size, origin=(0.0, 0.0, 1.0))
    contours = [Contour(NOISE > 5, grid, name) for grid, name in ((GRID, "one"), (apart, "two"))]
    with pytest.raises(GeometryError, match=r"one and two .*x\.seg\.nrrd"):
        write_segmentation(contours, tmp_path / "x.seg.nrrd")
    assert not list(tmp_path.iterdir())


def test_an_output_folder_is_made_with_its_parents_and_left_empty(tmp_path):
    folder = output_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert not list(folder.iterdir())
    assert output_folder(folder) == folder


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_an_output_folder_that_is_a_file(tmp_path, name):
    (tmp_path / "file").write_text("")
    refused(tmp_path / name, output_folder, "is a file")


def test_an_output_folder_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "touch", full_disk)
    refused(tmp_path / "results", output_folder, "disk is full")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_no_reader_of_ours_takes_are_not_written(tmp_path, value):
    image = Image(np.array([[[0.0, value]]]), Grid((2, 1, 1)))
    refused(tmp_path / "x.nii.gz", lambda path: write_image(image, path), "NaN or infinite")
    assert not list(tmp_path.iterdir())


def test_what_killed_programs_left_is_removed_and_nothing_else(tmp_path):
    left = [tmp_path / f".0123456789abcdef{extension}" for extension in ("", ".csv", ".seg.nrrd")]
    kept = [tmp_path / name for name in (".hidden", ".0123456789abcdeg", "0123456789abcdef.csv", "below/.x")]
    kept.append(kept[-1].with_name(left[0].name))
    kept[-1].parent.mkdir()
    for path in (*left, *kept):
        path.touch()
    remove_leftovers(tmp_path)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)
    remove_leftovers(tmp_path / "nowhere")
