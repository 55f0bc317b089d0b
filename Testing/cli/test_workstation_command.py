"""`contourqa workstation` and `contourqa demo` up to where a server starts."""

from __future__ import annotations

import csv
import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from contourqa_training.patient_split import read_split
from ContourQALib.commands import demo
from ContourQALib.commands import workstation as command
from ContourQALib.commands.demo_cases import REAL_CASES, write_demo_cases
from ContourQALib.commands.phantom import write_phantom
from ContourQALib.commands.workstation_source import phantom_case
from ContourQALib.formats.contours import read_contours
from ContourQALib.perturbation import ERRORS
from ContourQALib.phantom import Phantom, pelvis
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.case_list import list_cases
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from ContourQALib.workstation.settings import Settings
from dicom_samples import disk_contours, small_grid, small_values, write_series, write_structure_set


@pytest.fixture(scope="module")
def drawn() -> Phantom:
    return pelvis((32, 32, 16))


@pytest.fixture(scope="module")
def cases(drawn, tmp_path_factory) -> Path:
    """A folder with one case; not to be changed."""
    return write_phantom(drawn, 0, tmp_path_factory.mktemp("cases") / "one").parent


@pytest.fixture
def small_phantom(monkeypatch, drawn) -> None:
    """Phantoms are drawn small, in no time."""
    monkeypatch.setattr("ContourQALib.phantom.pelvis", lambda seed: drawn)
    monkeypatch.setattr("ContourQALib.commands.demo_cases.pelvis", lambda seed: drawn)


@pytest.fixture
def served(monkeypatch, small_phantom) -> list[Settings]:
    """Settings that a server would have been started with."""
    started: list[Settings] = []
    monkeypatch.setattr(command, "serve", lambda settings, *_: started.append(settings))
    return started


def test_a_folder_is_opened_with_what_the_options_say(contourqa, served, cases, tmp_path):
    found = contourqa(
        *("workstation", cases, "--results", tmp_path / "results", "--model", "hippocampus-t1"),
        *("--accept", "0.9", "--reject", "0.6", "--reader", "R", "--my-call-first", "--port", "0"),
        *("--folder", tmp_path, "--cohort", tmp_path, "--idle-minutes", "2", "--no-browser"),
        *("--labels", "1=anterior,2=posterior"),
    )

    assert found.code == 0, found.err
    (settings,) = served
    assert (settings.source, settings.cohort) == (cases, tmp_path)
    assert settings.folders == (tmp_path,)
    assert (settings.levels.accept, settings.levels.reject) == (0.9, 0.6)
    assert (settings.model, settings.reader, settings.call_first) == ("hippocampus-t1", "R", True)
    assert settings.naming.settings() == {"labels": "1=anterior,2=posterior"}
    assert (settings.host, settings.idle_s, settings.open_browser) == ("localhost", 120, False)
    assert settings.port > 1023


def test_files_of_one_case_are_opened_as_a_manifest(contourqa, served, drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_phantom(drawn, 0, Path("given"))
    found = contourqa(
        *("workstation", "--image", "given/image.nrrd", "--contours", "given/vendor.seg.nrrd"),
        *("--reference", "given/reference.seg.nrrd", "--results", "results", "--port", "0"),
        *("--probability", "given/vendor_probability_CTV.nrrd"),
        *("--probability", "rectum=given/vendor_probability_Rectum.nrrd"),
    )

    assert found.code == 0, found.err
    (settings,) = served
    folders = AllowedFolders((settings.source.parent, *settings.folders))
    (case,) = list_cases(settings.source, folders).cases
    assert case.problem is None
    assert case.image == tmp_path / "given" / "image.nrrd"
    assert [one.path.name for one in case.contours] == ["vendor.seg.nrrd"]
    assert [one.path.name for one in case.reference] == ["reference.seg.nrrd"]
    assert [one.structure for one in case.probabilities] == ["CTV", "Rectum"]
    with pytest.raises(Exception, match="outside"):  # neighbors of the files were not given
        folders.check(tmp_path / "given" / "fine_tuned.seg.nrrd")


@pytest.mark.parametrize("named", ["image", "image/0000.dcm"])
def test_a_dicom_series_and_its_structure_set_are_opened_as_a_case(contourqa, served, tmp_path, named):
    grid = small_grid()
    image = write_series(tmp_path / "MR_T1" / "image", small_values(grid), grid, "MR")
    structures = tmp_path / "MR_T1" / "RS.dcm"
    write_structure_set(structures, image, {"GTV": disk_contours(grid, (4, 4), 4.0, (1, 2))})
    found = contourqa(
        *("workstation", "--image", tmp_path / "MR_T1" / named, "--contours", structures),
        *("--series", "3", "--results", tmp_path / "results", "--port", "0"),
    )

    assert found.code == 0, found.err
    (settings,) = served
    folders = AllowedFolders((settings.source.parent, *settings.folders))
    (case,) = list_cases(settings.source, folders).cases
    assert case.name == "MR_T1"
    files = CaseFiles(case, folders=folders)
    assert files.image().series.modality == "MR"
    assert [contour.name for contour in files.contours()] == ["GTV"]
    assert files.notes() == ()


def test_without_files_a_phantom_is_drawn_once_and_assessed_by_its_model(contourqa, served, tmp_path):
    results = tmp_path / "results"
    for _ in range(2):
        assert contourqa("workstation", "--results", results, "--port", "0").code == 0
        image = results / "phantom_0" / "image.nrrd"
        written = image.stat().st_mtime_ns

    assert image.stat().st_mtime_ns == written
    first, second = served
    assert first.source == second.source == results / "phantom_0"
    assert first.model_of("phantom_0") == "pelvis-phantom"
    assert first.model_of("another") is None


@pytest.mark.usefixtures("served")
def test_a_phantom_that_was_half_written_is_written_again(tmp_path):
    folder, _ = phantom_case(tmp_path)
    (folder / "manifest.csv").unlink()  # it is written last
    (folder / "image.nrrd").write_bytes(b"half")

    phantom_case(tmp_path)

    assert (folder / "image.nrrd").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "nowhere does not exist"),
        ((".", "--image", "i.nrrd"), "not both"),
        (("empty",), "holds no case"),
        (("--image", "i.nrrd"), "--image and --contours together"),
        (("--contours", "c.nrrd"), "--image and --contours together"),
        (("--image", "i.nrrd", "--contours", "c.nrrd"), "i.nrrd does not exist"),
        ((".", "--model", "unheard-of"), "no model 'unheard-of'"),
        ((".", "--accept", "2"), "2"),
        ((".", "--cohort", "nowhere"), "nowhere does not exist"),
        ((".", "--folder", "nowhere"), "nowhere does not exist"),
        ((".", "--host", "0.0.0.0"), "add --allow-remote"),
        ((".", "--host", "192.0.2.1", "--allow-remote"), "not an address of this machine"),
        ((".", "--port", "70000"), "70000 is not a port"),
        ((".", "--labels", "one"), "does not name labels"),
        ((".", "--labels", "1=a", "--merge", "b"), "choose one"),
    ],
)
def test_what_is_wrong_is_a_sentence(contourqa, served, cases, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    found = contourqa("workstation", *(cases if word == "." else word for word in arguments))

    assert (found.code, found.out) == (2, "")
    assert said in found.err
    assert "Traceback" not in found.err
    assert not served


def test_a_port_in_use_is_named_with_another(contourqa, served, cases):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = contourqa("workstation", cases, "--port", port)

    assert found.code == 2
    assert f"Port {port} is used by another program; take another with --port " in found.err


def test_where_no_port_was_asked_for_the_next_is_taken_and_said(contourqa, served, cases, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(command, "DEFAULT_PORT", port)
        found = contourqa("workstation", cases)

    assert found.code == 0
    assert served[0].port > port
    assert f"{served[0].port} is taken instead" in found.err


@pytest.fixture
def without_trame(monkeypatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name.startswith("trame") else found(name, *rest),
    )


@pytest.mark.usefixtures("without_trame")
def test_a_missing_extra_is_named(contourqa, tmp_path):
    found = contourqa("workstation", tmp_path)

    assert found.code == 2
    assert "pip install 'contourqa[workstation]'" in found.err


def test_other_commands_load_nothing_of_the_workstation():
    code = (
        "import sys, ContourQALib.cli\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'trame', 'trame_server', 'aiohttp', 'wslink', 'vtk', 'vtkmodules', 'slicer', 'torch'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_demos_patients_were_never_seen_by_the_model():
    split = read_split("hippocampus")

    assert {split[case.patient] for case in REAL_CASES} == {"test"}
    assert {case.error for case in REAL_CASES} <= {"", *ERRORS}


def test_the_demos_cases_are_files_that_a_worklist_is_made_of(small_phantom, tmp_path):
    folder = write_demo_cases(tmp_path / "cases", 0, None)
    (case,) = list_cases(folder, AllowedFolders([folder])).cases

    assert (case.name, case.problem) == ("phantom_0", None)
    assert case.reference
    assert case.models
    assert case.probabilities


@pytest.mark.realdata
def test_the_demo_shows_real_patients_where_there_is_data(data, small_phantom, tmp_path):
    folder = write_demo_cases(tmp_path / "cases", 0, data / "hippocampus")
    cases = {case.name: case for case in list_cases(folder, AllowedFolders([folder])).cases}

    assert set(cases) == {"phantom_0", *(case.patient for case in REAL_CASES)}
    assert not any(case.problem for case in cases.values())
    for one in REAL_CASES:
        files = cases[one.patient]
        (contour,), (reference,) = (
            read_contours(found[0].path) for found in (files.contours, files.reference)
        )
        same = contour.mask.shape == reference.mask.shape and bool((contour.mask == reference.mask).all())
        assert same == (not one.error)


@pytest.mark.realdata
def test_a_second_demo_leaves_files_and_so_what_was_decided_on_them(data, small_phantom, tmp_path):
    for _ in range(2):
        folder = write_demo_cases(tmp_path / "cases", 0, data / "hippocampus")
        manifest = folder / "hippocampus" / "manifest.csv"
        with manifest.open(newline="") as file:
            rows = list(csv.DictReader(file))
        (folder / "hippocampus" / rows[1]["contour"]).write_bytes(b"edited since")

    assert (folder / "hippocampus" / rows[1]["contour"]).read_bytes() == b"edited since"
    assert len(rows) == len(REAL_CASES)


@pytest.mark.parametrize("code", [0, 2])
def test_the_demos_server_does_not_load_what_its_report_takes(contourqa, tmp_path, monkeypatch, code):
    asked: list[list[str]] = []
    opened: list[Path] = []
    done = subprocess.CompletedProcess([], code)
    monkeypatch.setattr(subprocess, "run", lambda command, check: asked.append(command) or done)
    monkeypatch.setattr(demo, "_open_workstation", lambda output, *_: opened.append(output))
    found = contourqa("demo", "-o", tmp_path)

    assert found.code == code
    assert asked[0][1:5] == ["-m", "ContourQALib", "demo", "--no-serve"]
    assert opened == ([tmp_path] if code == 0 else [])


def test_the_demo_opens_what_it_wrote(small_phantom, tmp_path, monkeypatch):
    started: list[Settings] = []
    monkeypatch.setattr(demo, "serve", started.append)
    demo._open_workstation(tmp_path, None, 0, False)

    (settings,) = started
    (case,) = list_cases(settings.source, AllowedFolders([settings.source])).cases
    assert settings.model_of(case.name) == "pelvis-phantom"
    assert not settings.open_browser


@pytest.mark.usefixtures("without_trame")
def test_without_the_extra_the_demo_ends_with_its_report(small_phantom, tmp_path, capsys):
    demo._open_workstation(tmp_path, None, 0, False)

    assert "contourqa[workstation]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
