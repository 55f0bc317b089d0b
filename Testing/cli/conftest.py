"""The command line as a fixture: arguments in, exit code and both outputs out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from command_line import Command, command_line
from dicom_studies import Study, make_study
from files_on_disk import BALL, SHAPE, SHIFTED, write


@pytest.fixture
def contourqa(monkeypatch, capsys) -> Command:
    return command_line(monkeypatch, capsys)


@dataclass(frozen=True)
class Files:
    """A small case on disk."""

    folder: Path
    image: Path
    reference: Path
    test: Path


@pytest.fixture
def files(tmp_path) -> Files:
    folder = tmp_path / "case"
    folder.mkdir()
    noise = np.random.default_rng(0).normal(300, 30, SHAPE).astype(np.float32)
    return Files(
        folder,
        write(folder / "image.nii.gz", noise),
        write(folder / "reference.nii.gz", BALL),
        write(folder / "test.nrrd", SHIFTED),
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"))
