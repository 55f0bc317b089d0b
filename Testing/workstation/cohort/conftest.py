from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    command = [
        sys.executable,
        "-m",
        "ContourQALib",
        "cohort",
        str(manifest),
        "-o",
        str(folder),
        "--workers",
        "1",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder
