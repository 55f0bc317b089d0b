"""What Slicer's build would package: the CMake project, configured against small macros of our own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).resolve().parent / "cmake"
PACKAGES = ("ContourQA", "ContourQALib")
INSTALLED = "qt-scripted-modules"
"""Below the installation's prefix, where every scripted module of an extension lies."""
NOT_PACKAGED = {"CMakeLists.txt"}


@dataclass(frozen=True)
class Entry:
    """A line of a list in a CMakeLists.txt: who listed it as what, where it goes, where it lies."""

    name: str
    kind: str
    place: str
    source: Path


@dataclass(frozen=True)
class Package:
    """A configured build folder."""

    folder: Path

    @property
    def entries(self) -> tuple[Entry, ...]:
        rows = (line.split("|") for line in self._lines("packaged.txt"))
        return tuple(Entry(name, kind, place, Path(source).resolve()) for name, kind, place, source in rows)

    @property
    def tests(self) -> tuple[str, ...]:
        return self._lines("tests.txt")

    @property
    def extension(self) -> dict[str, str]:
        rows = (line.split("|", 1) for line in self._lines("extension.txt"))
        return {key: value for key, value in rows}

    def install(self, prefix: Path) -> Path:
        """Install into a prefix; gives the folder that Slicer puts on Python's path."""
        run_cmake("--install", str(self.folder), "--prefix", str(prefix))
        return prefix / INSTALLED

    def _lines(self, name: str) -> tuple[str, ...]:
        return tuple((self.folder / name).read_text(encoding="utf-8").splitlines())


def run_cmake(*arguments: str) -> None:
    """Run cmake; what it says is the error's text."""
    done = subprocess.run(["cmake", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(f"cmake {' '.join(arguments)}\n{done.stderr}")


def configure(build: Path, source: Path = ROOT) -> Package:
    """Configure the extension in `source` into an empty build folder."""
    run_cmake("-S", str(STAND_IN), "-B", str(build), f"-DCONTOURQA_SOURCE_DIR={source}", "-DBUILD_TESTING=ON")
    return Package(build)


def files_of(package: str, root: Path = ROOT) -> set[str]:
    """What lies in a package's folder and belongs to it, relative to that folder."""
    folder = root / package
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in NOT_PACKAGED and "__pycache__" not in path.parts
    }


def unlisted(package: str, entries: tuple[Entry, ...], root: Path = ROOT) -> list[str]:
    """What has to be written into the package's CMakeLists.txt, one line for each file that it forgets."""
    listed = {entry.source for entry in entries if entry.name == package}
    return [
        f"add to {package}/CMakeLists.txt: {file}"
        for file in sorted(files_of(package, root))
        if (root / package / file).resolve() not in listed
    ]
