"""Packages are asked for when something needs them, installed by Slicer's own means, and never in a test."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import packaging.requirements  # noqa: F401 - found before a test empties the path
import pytest

from slicer_module.packaged import ROOT

OURS = ("torch", "safetensors", "matplotlib", "scikit-image", "numba", "pydicom", "highdicom")


@pytest.fixture
def installing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, with a translation that leaves the text as it is."""
    monkeypatch.syspath_prepend(str(ROOT / "ContourQA"))
    monkeypatch.setitem(sys.modules, "slicer.i18n", ModuleType("slicer.i18n"))
    sys.modules["slicer.i18n"].tr = lambda text: text
    monkeypatch.delitem(sys.modules, "ContourQAPanels.installing", raising=False)
    return importlib.import_module("ContourQAPanels.installing")


class Site:
    """A folder that stands for site-packages: a Python with nothing of ours in it at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, version: str = "99.0") -> None:
        package = self.folder / {"scikit-image": "skimage"}.get(name, name)
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("raise AssertionError('nothing may be imported')")
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    for name in [name for name in sys.modules if name in {*OURS, "skimage"}]:
        monkeypatch.delitem(sys.modules, name)
    elsewhere = [path for path in sys.path if "site-packages" not in path and "dist-packages" not in path]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *elsewhere])
    importlib.invalidate_caches()
    return Site(tmp_path)


class FakeApplication:
    """Answers as it is told to, installs into the site, and writes down what was asked of it."""

    def __init__(self, site: Site, *, agrees: bool = True, tests: bool = False) -> None:
        self.site, self.agrees, self.tests = site, agrees, tests
        self.failures: dict[str, Exception] = {}
        self.questions: list[str] = []
        self.installed: list[str] = []
        self.constraints: list[str] = []

    def testing(self) -> bool:
        return self.tests

    def ask(self, title: str, text: str, detail: str) -> bool:
        self.questions.append(text)
        return self.agrees

    def installTorch(self, requirement: str) -> bool:
        self._install([requirement])
        return "torch" in self.installed

    def installPackages(self, requirements: Sequence[str], constraints: Path) -> None:
        self.constraints = constraints.read_text().split()
        self._install(requirements)

    def _install(self, requirements: Sequence[str]) -> None:
        names = [requirement.split(">")[0] for requirement in requirements]
        for name in names:
            if name in self.failures:
                raise self.failures[name]
        for name in names if self.agrees else ():
            self.site.add(name)
            self.installed.append(name)


def test_a_bare_slicer_misses_all_of_it(installing, site):
    assert installing.Installer(FakeApplication(site)).missing() == (
        "torch>=2.4",
        "highdicom>=0.25",
        "matplotlib>=3.9",
        "numba>=0.60",
        "pydicom>=3.0",
        "safetensors>=0.4",
        "scikit-image>=0.24",
    )


def test_each_purpose_misses_only_what_it_needs(installing, site):
    installer = installing.Installer(FakeApplication(site))
    assert installer.missing(installing.MODELS) == ("torch>=2.4", "safetensors>=0.4")
    assert installer.missing(installing.REPORT) == ("matplotlib>=3.9", "scikit-image>=0.24")
    assert installer.missing(installing.SPEED) == ("numba>=0.60",)
    assert installer.missing(installing.DICOM) == ("highdicom>=0.25", "pydicom>=3.0")


def test_everything_that_is_listed_has_a_purpose_and_the_other_way_round(installing):
    purposes = {name for names in installing.PURPOSES.values() for name in names}
    listed = {line.split(">")[0] for line in installing._lines(installing.REQUIREMENTS)}
    assert purposes == listed | {"torch"}


def test_what_is_there_is_found_without_being_imported(installing, site):
    for name in OURS:
        site.add(name)
    application = FakeApplication(site)
    installer = installing.Installer(application)
    assert installer.missing() == ()
    installer.install()
    assert sys.modules.keys() & {*OURS, "skimage"} == set()
    assert application.questions == []


def test_an_older_version_than_needed_is_missing(installing, site):
    site.add("torch", "1.13.1")
    assert "torch>=2.4" in installing.Installer(FakeApplication(site)).missing()


def test_what_a_broken_installation_leaves_behind_is_missing(installing, site):
    # A namespace package to Python: `import torch` works there, and nothing else does.
    (site.folder / "torch" / "lib").mkdir(parents=True)
    assert "torch>=2.4" in installing.Installer(FakeApplication(site)).missing()


def test_models_bring_torch_by_the_extension_and_the_rest_after_one_question(installing, site):
    application = FakeApplication(site)
    installer = installing.Installer(application)
    installer.install(installing.MODELS)
    assert application.installed == ["torch", "safetensors"]
    assert len(application.questions) == 1
    assert "safetensors" in application.questions[0]
    assert installer.missing(installing.MODELS) == ()


def test_a_report_needs_no_torch(installing, site):
    application = FakeApplication(site)
    installing.Installer(application).install(installing.REPORT)
    assert application.installed == ["matplotlib", "scikit-image"]


def test_pip_may_not_replace_what_slicer_has(installing, site):
    site.add("numpy", "2.4.6")
    application = FakeApplication(site)
    installing.Installer(application).install(installing.REPORT)
    assert application.constraints == ["numpy==2.4.6"]


def test_slicers_own_older_pydicom_is_not_replaced_and_dicom_asks_for_a_newer_slicer(installing, site):
    site.add("pydicom", "2.4.4")  # as in Slicer 5.10
    application = FakeApplication(site)
    with pytest.raises(installing.InstallError) as failure:
        installing.Installer(application).install(installing.DICOM)
    assert "needs pydicom>=3.0, and Slicer's own pydicom is 2.4.4" in str(failure.value)
    assert application.questions == application.installed == []
    installing.Installer(application).install(installing.REPORT)
    assert application.constraints == ["pydicom==2.4.4"]
    assert "dicom" not in installing.Installer(application).offlineCommand()


def test_no_is_an_answer(installing, site):
    application = FakeApplication(site, agrees=False)
    with pytest.raises(installing.InstallError, match="matplotlib, scikit-image was not installed"):
        installing.Installer(application).install(installing.REPORT)
    with pytest.raises(installing.InstallError, match="Models need PyTorch, and it was not installed"):
        installing.Installer(application).install(installing.MODELS)
    assert application.installed == []


def test_a_missing_extension_is_named_with_the_way_to_it(installing, site):
    application = FakeApplication(site)
    application.failures["torch"] = ModuleNotFoundError("No module named 'PyTorchUtils'")
    with pytest.raises(installing.InstallError, match=r"extension PyTorch.*Extensions Manager.*restart"):
        installing.Installer(application).install(installing.MODELS)
    assert application.installed == []


@pytest.mark.parametrize("package", ["torch", "safetensors"])
def test_a_failure_says_why_and_what_to_type_without_a_network(installing, site, package):
    application = FakeApplication(site)
    application.failures[package] = RuntimeError("no route to host\nmany more lines")
    with pytest.raises(installing.InstallError) as failure:
        installing.Installer(application).install(installing.MODELS)
    said = str(failure.value)
    assert "(no route to host)" in said
    assert "PythonSlicer -m pip install --no-index --find-links FOLDER torch" in said
    assert "\n" not in said


def test_faster_packages_that_do_not_fit_are_no_error(installing, site):
    application = FakeApplication(site)
    application.failures["numba"] = RuntimeError("numba needs numpy<2.4")
    installer = installing.Installer(application)
    installer.install()
    assert installer.missing() == ("numba>=0.60",)
    assert set(application.installed) == {*OURS} - {"numba"}


def test_what_pip_installed_elsewhere_is_not_called_installed(installing, site):
    application = FakeApplication(site)
    application.installPackages = lambda requirements, constraints: None
    with pytest.raises(installing.InstallError, match="restart Slicer"):
        installing.Installer(application).install(installing.REPORT)


def test_a_test_is_asked_nothing_and_installs_nothing(installing, site):
    application = FakeApplication(site, tests=True)
    with pytest.raises(installing.InstallError, match="a test installs nothing"):
        installing.Installer(application).install()
    assert application.questions == application.installed == []


class Slicer(ModuleType):
    """As much of slicer as installing uses, with the signatures of 5.10; `later` adds those of 5.12."""

    def __init__(self) -> None:
        super().__init__("slicer")
        self.calls: list[Any] = []
        self.app = SimpleNamespace(testingEnabled=lambda: False)
        self.util = SimpleNamespace(
            confirmOkCancelDisplay=self.confirmOkCancelDisplay,
            pip_install=self.pip_install,
            WaitCursor=nullcontext,
        )

    def confirmOkCancelDisplay(
        self, text, windowTitle=None, parent=None, **kwargs
    ):  # None without a main window
        self.calls.append((windowTitle, text, kwargs))

    def pip_install(self, requirements):
        assert type(requirements) in (str, list)
        self.calls.append(requirements)

    def later(self) -> ModuleType:
        packaging = ModuleType("slicer.packaging")

        def pip_ensure(
            requirements,
            constraints=None,
            skip_packages=None,
            prompt_install=True,
            prompt_restart=True,
            requester=None,
            skip_in_testing=True,
            show_progress=True,
        ):
            self.calls.append((requirements, constraints, prompt_install, requester))

        packaging.pip_ensure = pip_ensure
        return packaging


@pytest.fixture
def slicer(monkeypatch: pytest.MonkeyPatch) -> Slicer:
    found = Slicer()
    monkeypatch.setitem(sys.modules, "slicer", found)
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    return found


def test_slicer_5_10_gets_pip_arguments_as_a_list(installing, slicer):
    constraints = Path("a folder") / "constraints.txt"
    installing.SlicerApplication().installPackages(("numba>=0.60",), constraints)
    assert slicer.calls == [["-c", str(constraints), "numba>=0.60"]]


def test_slicer_5_12_shows_its_progress_and_does_not_ask_twice(installing, slicer, monkeypatch):
    monkeypatch.setitem(sys.modules, "slicer.packaging", slicer.later())
    installing.SlicerApplication().installPackages(("numba>=0.60",), Path("constraints.txt"))
    assert slicer.calls == [(["numba>=0.60"], Path("constraints.txt"), False, "ContourQA")]


def test_without_a_main_window_the_answer_is_no(installing, slicer):
    assert installing.SlicerApplication().ask("title", "text", "detail") is False
    assert slicer.calls == [("title", "text", {"detailedText": "detail"})]


@pytest.mark.parametrize(("given", "expected"), [(SimpleNamespace(__version__="2.5"), True), (None, False)])
def test_torch_comes_from_the_extension_with_its_own_question(
    installing, slicer, monkeypatch, given, expected
):
    class Logic:
        def installTorch(
            self,
            askConfirmation=False,
            forceComputationBackend=None,
            torchVersionRequirement=None,
            torchvisionVersionRequirement=None,
        ):
            slicer.calls.append((askConfirmation, torchVersionRequirement))
            return given

    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = Logic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    assert installing.SlicerApplication().installTorch(installing.TORCH) is expected
    assert slicer.calls == [(True, ">=2.4")]


def test_rules_comparing_and_thresholds_work_with_what_slicer_has_alone():
    """In an interpreter where none of the packages can be imported."""
    code = """
import sys
for name in ("torch", "safetensors", "matplotlib", "skimage", "numba", "typer", "rich"):
    sys.modules[name] = None
from dataclasses import replace
from ContourQALib.metrics.compare import compare
from ContourQALib.phantom import pelvis
from ContourQALib.quality.predict import assess
from ContourQALib.thresholds.analysis import analyze
case = pelvis((32, 32, 16))
reference, test, map_ = case.reference[0], case.vendor[0], case.vendor_probability[0]
print(0.5 < compare(reference, test).dice < 1)
print(analyze(map_, reference).optimum["dice"].threshold > 0.5)
print(assess(case.image, [replace(test, name="no model knows this")]).structures[0].verdict.value)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "review"]
