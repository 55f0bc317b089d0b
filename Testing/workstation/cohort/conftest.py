from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ContourQALib.cli import app

ORGANS = ("CTV", "Bladder", "Rectum")


@pytest.fixture(scope="session")
def manifest(phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phantoms with a reference and two models, in one manifest beside their folders."""
    cases = shutil.copytree(phantom_cases, tmp_path_factory.mktemp("cohort") / "cases")
    lines = ["case,structure,image,reference,contour,VPM,LFT"]
    names = ("image", "reference.seg", "vendor.seg", "vendor.seg", "fine_tuned.seg")
    for folder in ("phantom_1", "phantom_2"):
        files = ",".join(f"{folder}/{name}.nrrd" for name in names)
        lines += [f"{folder},{organ},{files}" for organ in ORGANS]
    path = Path(cases) / "cohort.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def cohort_folder(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `contourqa cohort` writes of them."""
    folder = tmp_path_factory.mktemp("cohort")
    arguments = ["cohort", str(manifest), "-o", str(folder), "--workers", "1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return folder
