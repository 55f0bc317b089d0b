"""Installer: the Python packages that ContourQA adds to Slicer's own, when something needs them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).resolve().parents[1] / "Resources" / "requirements.txt"

TORCH = "torch>=2.4"
"""Never in requirements.txt: the build has to fit the GPU's driver, which the PyTorch extension looks at."""

MODELS, REPORT, DICOM, SPEED = "models", "report", "dicom", "speed"
PURPOSES = {
    MODELS: ("torch", "safetensors"),
    REPORT: ("matplotlib", "scikit-image"),
    DICOM: ("pydicom", "highdicom"),
    SPEED: ("numba",),
}
"""What each purpose needs. Mask-only rules, comparing and thresholds need nothing but what Slicer has;
`SPEED` makes them several times as fast, with the same numbers. Slicer 5.12 has what `DICOM` needs."""

IMPORTED_AS = {"scikit-image": "skimage"}

KEPT = ("numpy", "scipy", "SimpleITK", "pydicom")
"""Slicer's own, in use while we install: no package of ours may replace them."""


class InstallError(ContourQAError):
    """Packages are missing and were not installed."""


class Application(Protocol):
    """What installing needs of the application."""

    def testing(self) -> bool:
        """Whether the application runs tests, when nothing may be asked or installed."""

    def ask(self, title: str, text: str, detail: str) -> bool:
        """Ask the user; False when there is no user to ask."""

    def installTorch(self, requirement: str) -> bool:
        """Install torch after a question; False when declined. ImportError without the extension."""

    def installPackages(self, requirements: Sequence[str], constraints: Path) -> None:
        """Install without a question; any exception says why it failed."""


class Installer:
    """Finds what is missing and installs it, never without a question and never in a test.

    The worker process imports these packages, the application does not; a worker that runs already has to be
    ended afterwards, so that the next one finds them.

    Args:
        application: by default the running Slicer.
        requirements: the file with every package but torch.

    Example:
        try:
            Installer().install(MODELS)
        except InstallError as error:
            session.showMessage(str(error), "warning")
    """

    def __init__(self, application: Application | None = None, requirements: Path = REQUIREMENTS) -> None:
        self._application = application or SlicerApplication()
        self._requirements = requirements

    def missing(self, *purposes: str) -> tuple[str, ...]:
        """Requirements that are not met, for these purposes or for all, found without importing anything."""
        importlib.invalidate_caches()
        return tuple(one for one in self._needed(purposes) if not _isMet(one))

    def install(self, *purposes: str) -> None:
        """Have everything that these purposes need, or all of it; at once when it is there.

        Takes minutes when something is missing; Slicer shows the progress. Of `SPEED` a failure is not an
        error, because nothing needs it.

        Raises:
            InstallError: the user declined, the PyTorch extension is missing, a package of Slicer's own is
                too old, or pip failed. What was installed until then stays.
        """
        missing = self.missing(*purposes)
        if not missing:
            return
        if self._application.testing():
            raise InstallError(
                _("{packages} is missing, and a test installs nothing.").format(packages=_names(missing))
            )
        _checkKept(missing)
        if TORCH in missing:
            self._installTorch()
        others = [one for one in missing if one != TORCH]
        if others:
            self._installOthers(others)
        missing = tuple(one for one in self.missing(*purposes) if _name(one) not in PURPOSES[SPEED])
        if missing:
            raise InstallError(
                _("{packages} was installed but is not found: restart Slicer and try again.").format(
                    packages=_names(missing)
                )
            )

    def offlineCommand(self, *purposes: str) -> str:
        """What to type on a computer without network, where FOLDER holds the packages' wheels.

        Without purposes it is about all but `DICOM`: Slicer has that, or is too old for it.
        """
        names = " ".join(_name(one) for one in self._needed(purposes or (MODELS, REPORT, SPEED)))
        return f"PythonSlicer -m pip install --no-index --find-links FOLDER {names}"

    def _needed(self, purposes: Sequence[str]) -> list[str]:
        wanted = {name for purpose in purposes or PURPOSES for name in PURPOSES[purpose]}
        return [one for one in (TORCH, *_lines(self._requirements)) if _name(one) in wanted]

    def _installTorch(self) -> None:
        try:
            installed = self._application.installTorch(TORCH)
        except ImportError as error:
            raise InstallError(
                _(
                    "Models need the extension PyTorch, which is missing: install it with the Extensions "
                    "Manager, restart Slicer and try again. Comparing and thresholds work without it."
                )
            ) from error
        except Exception as error:
            raise InstallError(
                _("PyTorch could not be installed ({reason}). Without a network: {command}").format(
                    reason=_reason(error), command=self.offlineCommand(MODELS)
                )
            ) from error
        if not installed:
            raise InstallError(_("Models need PyTorch, and it was not installed."))

    def _installOthers(self, requirements: Sequence[str]) -> None:
        needed = [one for one in requirements if _name(one) not in PURPOSES[SPEED]]
        agreed = self._application.ask(
            _("ContourQA - Install Python packages"),
            _(
                "ContourQA needs Python packages that Slicer does not have: {packages}. "
                "They are downloaded and added to Slicer's Python; its own packages stay as they are. "
                "Install them?"
            ).format(packages=_names(requirements)),
            "\n".join(requirements),
        )
        if not agreed:
            if needed:
                raise InstallError(_("{packages} was not installed.").format(packages=_names(needed)))
            return
        self._pip(needed)
        # On its own: where no numba fits Slicer's numpy, pip would refuse all of them together.
        with suppress(InstallError):
            self._pip([one for one in requirements if one not in needed])

    def _pip(self, requirements: Sequence[str]) -> None:
        if not requirements:
            return
        with tempfile.TemporaryDirectory() as folder:
            constraints = Path(folder) / "constraints.txt"
            constraints.write_text("\n".join(_kept()) + "\n", encoding="utf-8")
            try:
                self._application.installPackages(requirements, constraints)
            except Exception as error:
                raise InstallError(
                    _("{packages} could not be installed ({reason}). Without a network: {command}").format(
                        packages=_names(requirements), reason=_reason(error), command=self.offlineCommand()
                    )
                ) from error


class SlicerApplication:
    """The running Slicer, 5.10 or later."""

    def testing(self) -> bool:
        """Whether Slicer was started with --testing."""
        import slicer

        return bool(slicer.app.testingEnabled())

    def ask(self, title: str, text: str, detail: str) -> bool:
        """Ask in a box; without a main window nobody is asked, and the answer is no."""
        import slicer

        return bool(slicer.util.confirmOkCancelDisplay(text, windowTitle=title, detailedText=detail))

    def installTorch(self, requirement: str) -> bool:
        """Install torch by the PyTorch extension, which asks and finds the build for the GPU's driver."""
        import PyTorchUtils
        import slicer

        logic = PyTorchUtils.PyTorchUtilsLogic()
        bounds = requirement.removeprefix("torch")
        with slicer.util.WaitCursor():
            return logic.installTorch(askConfirmation=True, torchVersionRequirement=bounds) is not None

    def installPackages(self, requirements: Sequence[str], constraints: Path) -> None:
        """Install with pip; from Slicer 5.12 on with a progress dialog."""
        import slicer

        try:
            from slicer.packaging import pip_ensure
        except ImportError:
            slicer.util.pip_install(["-c", str(constraints), *requirements])
        else:
            pip_ensure(
                list(requirements), constraints=constraints, prompt_install=False, requester="ContourQA"
            )


def _lines(file: Path) -> list[str]:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _parsed(requirement: str) -> Requirement:
    from packaging.requirements import Requirement

    return Requirement(requirement)


def _name(requirement: str) -> str:
    return _parsed(requirement).name


def _names(requirements: Sequence[str]) -> str:
    return ", ".join(_name(one) for one in requirements)


def _isMet(requirement: str) -> bool:
    parsed = _parsed(requirement)
    spec = importlib.util.find_spec(IMPORTED_AS.get(parsed.name, parsed.name))
    # What an interrupted or half removed installation leaves behind is a folder without code: no origin.
    if spec is None or spec.origin is None:
        return False
    try:
        version = importlib.metadata.version(parsed.name)
    except importlib.metadata.PackageNotFoundError:
        return True
    return parsed.specifier.contains(version, prereleases=True)


def _checkKept(missing: Sequence[str]) -> None:
    """See that nothing is missing that Slicer has in another version.

    Raises:
        InstallError: something is.
    """
    kept = dict(one.split("==") for one in _kept())
    for requirement in missing:
        name = _name(requirement)
        if name in kept:
            raise InstallError(
                _(
                    "This needs {requirement}, and Slicer's own {name} is {version}, which other modules use "
                    "and nothing replaces: take a newer Slicer."
                ).format(requirement=requirement, name=name, version=kept[name])
            )


def _kept() -> list[str]:
    found = []
    for name in KEPT:
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
