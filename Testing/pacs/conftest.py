"""Archives for the tests: a real Orthanc where it is installed, and a small one that fails on command."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from command_line import Command, command_line
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials
from dicom_samples import small_grid, write_series
from fake_archive import FakeArchive, fake_archive

ORTHANC = Path("/usr/sbin/Orthanc")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
"""Where the distribution's packages orthanc and orthanc-dicomweb put them."""

START_S = 30


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    url: str
    credentials: Credentials

    def archive(self) -> Archive:
        return Archive(Address.parse(self.url), self.credentials)


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An empty Orthanc with its DICOMweb plugin, on this machine alone, for one user."""
    if not (ORTHANC.exists() and PLUGIN.exists()):
        pytest.skip("no Orthanc with DICOMweb plugin; install the packages orthanc and orthanc-dicomweb")
    folder = tmp_path_factory.mktemp("orthanc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    credentials = Credentials("tester", "only for this test")
    settings = {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "HttpBindAddresses": ["127.0.0.1"],
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": True,  # with AuthenticationEnabled, the only way to have users
        "AuthenticationEnabled": True,
        "RegisteredUsers": {credentials.user: credentials.password},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with open(folder / "orthanc.log", "w") as log:
        process = subprocess.Popen([ORTHANC, folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/system", process, folder / "orthanc.log")
        yield Orthanc(f"http://127.0.0.1:{port}/dicom-web", credentials)
    finally:
        process.kill()  # it takes seconds to end well, and nothing of it is kept
        process.wait()


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:  # it asks who we are, so it runs
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"Orthanc did not start:\n{log.read_text()}")


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

    def open_archive(credentials: Credentials | None = None, **how: object) -> Archive:
        how = {"timeout_s": 5.0, "backoff_s": (0.01, 0.01), **how}
        return Archive(Address.parse(fake.url), credentials, **how)  # type: ignore[arg-type]

    return open_archive


@pytest.fixture(scope="session")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A series of five files; not to be changed."""
    folder = tmp_path_factory.mktemp("series") / "ct"
    grid = small_grid()
    values = np.random.default_rng(3).integers(-900, 900, grid.shape).astype(np.int16)
    write_series(folder, values, grid)
    return sorted(folder.glob("*.dcm"))
