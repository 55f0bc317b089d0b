"""The archive that a command line names, and who asks it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from ContourQALib.commands.printing import say
from ContourQALib.errors import SettingError
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.credentials import Credentials

URL_VARIABLE = "CONTOURQA_PACS_URL"


@dataclass(frozen=True)
class Connection:
    """What `contourqa pacs` was told of its archive.

    Attributes:
        url: as typed, None where it was not.
        ca_file: certificates to trust.
        timeout_s: how long it may be silent.
    """

    url: str | None
    ca_file: Path | None
    timeout_s: float

    def open(self) -> Archive:
        """The archive; nothing is asked yet.

        Raises:
            SettingError: no address or a wrong one, or credentials that cannot be used with it.
            PacsError: a package is missing.
        """
        if not self.url:
            raise SettingError(
                "Name the archive: contourqa pacs --url https://pacs.example/dicom-web …, or set "
                f"{URL_VARIABLE}."
            )
        address = Address.parse(self.url)
        archive = Archive(
            address, Credentials.of(os.environ), ca_file=self.ca_file, timeout_s=self.timeout_s, ask=_ask
        )
        if not address.private:
            say(f"{address.url} is not encrypted: whoever is on the way can read the patients' data.")
        return archive


def _ask(address: Address) -> Credentials | None:
    """Ask at the terminal; nobody is asked where there is none, or over a way that others can read."""
    if not (sys.stdin.isatty() and sys.stderr.isatty() and address.private):
        return None
    user = typer.prompt(f"User at {address.url}", err=True)
    password = typer.prompt("Password", hide_input=True, err=True)
    return Credentials(user, password)
