"""Archives for the tests: a real Orthanc where it is installed, and a small one that fails on command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import Command, command_line
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials
from dicom_samples import small_grid, write_series
from fake_archive import FakeArchive, fake_archive
from orthanc import Orthanc, installed, running_orthanc


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An empty Orthanc with its DICOMweb plugin."""
    if not installed():
        pytest.skip("no Orthanc with DICOMweb plugin; install the packages orthanc and orthanc-dicomweb")
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as archive:
        yield archive


@pytest.fixture
def fake() -> Iterator[FakeArchive]:
    """An archive that fails on command."""
    with fake_archive() as archive:
        yield archive


@pytest.fixture
def contourqa(monkeypatch, capsys) -> Command:
    """The command line in this process."""
    return command_line(monkeypatch, capsys)


Opening = Callable[..., Archive]


@pytest.fixture
def opened(fake: FakeArchive) -> Opening:
    """The fake archive as our side sees it; waits are short."""

    def open_archive(credentials: Credentials | None = None, **how: Any) -> Archive:
        how = {"timeout_s": 5.0, "backoff_s": (0.01, 0.01), **how}
        return Archive(Address.parse(fake.url), credentials, **how)

    return open_archive


@pytest.fixture(scope="session")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A series of five files; not to be changed."""
    folder = tmp_path_factory.mktemp("series") / "ct"
    grid = small_grid()
    values = np.random.default_rng(3).integers(-900, 900, grid.shape).astype(np.int16)
    write_series(folder, values, grid)
    return sorted(folder.glob("*.dcm"))
