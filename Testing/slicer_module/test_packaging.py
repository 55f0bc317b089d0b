"""What Slicer's build would package is what lies in the folders: nothing forgotten, nothing twice."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from slicer_module.packaged import PACKAGES, ROOT, Package, configure, files_of, unlisted

pytestmark = pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return configure(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def installed(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.install(tmp_path_factory.mktemp("installed"))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_file_of_the_folder_is_listed(name: str, package: Package):
    assert unlisted(name, package.entries) == []


def test_nothing_is_listed_twice(package: Package):
    assert [place for place, n in Counter(entry.place for entry in package.entries).items() if n > 1] == []


def test_scripts_and_resources_are_not_mixed_up(package: Package):
    # Slicer byte-compiles what is listed as a script and copies what is listed as a resource.
    assert {
        entry.place for entry in package.entries if (entry.kind == "SCRIPTS") != entry.place.endswith(".py")
    } == set()


@pytest.mark.parametrize("name", PACKAGES)
def test_lists_are_sorted_so_that_a_new_file_has_one_place(name: str, package: Package):
    for kind in ("SCRIPTS", "RESOURCES"):
        places = [entry.place for entry in package.entries if (entry.name, entry.kind) == (name, kind)]
        assert places == sorted(places)


def test_what_is_installed_are_the_folders_byte_for_byte(installed: Path):
    # The module's files lie on the path itself; the library keeps its folder, as the core's DICOMLib does.
    there = {path.relative_to(installed).as_posix(): path for path in installed.rglob("*") if path.is_file()}
    expected = {file: ROOT / "ContourQA" / file for file in files_of("ContourQA")}
    expected |= {f"ContourQALib/{file}": ROOT / "ContourQALib" / file for file in files_of("ContourQALib")}
    assert there.keys() == expected.keys()
    assert [name for name, path in there.items() if path.read_bytes() != expected[name].read_bytes()] == []


def test_the_installed_library_imports_finds_its_models_and_checks_them(installed: Path, tmp_path: Path):
    code = f"""
import sys
sys.path.insert(0, {str(installed)!r})
import ContourQALib.quality.predict, ContourQALib.thresholds.sweep, ContourQALib.metrics.compare
from ContourQALib.quality.card import verify_files
from ContourQALib.quality.model import bundled_models
for model in bundled_models():
    verify_files(model.folder, model.card)
    print(model.card.name)
print(ContourQALib.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    *names, place = done.stdout.splitlines()
    assert Path(place).is_relative_to(installed)
    assert set(names) == {
        path.name for path in (ROOT / "ContourQALib/models").iterdir() if (path / "card.json").is_file()
    }


def test_slicer_is_told_of_the_module_tests(package: Package):
    assert set(package.tests) == {"generic ContourQA", "script ContourQA.py"}


def test_a_forgotten_file_is_named_with_the_place_to_list_it(tmp_path: Path):
    source = copy_of_the_lists(tmp_path)
    (source / "ContourQALib/metrics/forgotten.py").touch()
    entries = configure(tmp_path / "build", source).entries
    assert unlisted("ContourQALib", entries, source) == [
        "add to ContourQALib/CMakeLists.txt: metrics/forgotten.py"
    ]


def test_a_listed_file_that_is_gone_stops_the_configuration(tmp_path: Path):
    source = copy_of_the_lists(tmp_path)
    (source / "ContourQALib/metrics/compare.py").unlink()
    with pytest.raises(AssertionError, match=r"nonexistent\s+file\s+'metrics/compare\.py'"):
        configure(tmp_path / "build", source)


def copy_of_the_lists(tmp_path: Path) -> Path:
    """The CMake project with an empty file for each that the folders hold."""
    source = tmp_path / "source"
    for name in ("CMakeLists.txt", *(f"{package}/CMakeLists.txt" for package in PACKAGES)):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    for package in PACKAGES:
        for file in files_of(package):
            (source / package / file).parent.mkdir(parents=True, exist_ok=True)
            (source / package / file).touch()
    return source


def test_the_extension_says_what_it_is(package: Package):
    assert package.extension["NAME"] == "ContourQA"
    assert package.extension["DEPENDS"] == "PyTorch"
    assert package.extension["LICENSE_FILE"] == str(ROOT / "LICENSE")
    # A semicolon would end the text: Slicer passes it on as a CMake list.
    assert [key for key, value in package.extension.items() if ";" in value or not value.strip()] == []


@pytest.mark.parametrize("key", ["ICONURL", "SCREENSHOTURLS"])
def test_the_pictures_of_the_index_are_png_files_of_this_repository(key: str, package: Package):
    home = urlsplit(package.extension["HOMEPAGE"])
    assert home.scheme == "https"
    for address in package.extension[key].split():
        parts = urlsplit(address)
        folder, _, file = parts.path.partition("/raw/main/")
        assert (parts.scheme, parts.netloc, folder) == (home.scheme, home.netloc, home.path)
        assert re.fullmatch(r"[\w/-]+\.png", file)
        assert (ROOT / file).read_bytes().startswith(b"\x89PNG")
