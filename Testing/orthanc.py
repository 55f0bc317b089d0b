"""A real archive on this machine: Orthanc with its DICOMweb plugin, from the distribution's packages."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials

PROGRAM = Path("/usr/sbin/Orthanc")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
"""Where the packages orthanc and orthanc-dicomweb put them."""

START_S = 30


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    url: str
    credentials: Credentials

    def archive(self) -> Archive:
        return Archive(Address.parse(self.url), self.credentials)


def installed() -> bool:
    return PROGRAM.exists() and PLUGIN.exists()


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """An empty archive that this machine alone can ask, and one user; everything of it is in the folder."""
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
        "RemoteAccessAllowed": True,  # without it nobody is asked who they are
        "AuthenticationEnabled": True,
        "RegisteredUsers": {credentials.user: credentials.password},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with open(folder / "orthanc.log", "w") as log:
        process = subprocess.Popen([PROGRAM, folder / "orthanc.json"], stdout=log, stderr=log)
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
    raise AssertionError(f"Orthanc did not start:\n{log.read_text()}")
