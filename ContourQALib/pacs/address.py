"""Where an archive is: the address that the user typed, taken apart and checked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ContourQALib.errors import SettingError


@dataclass(frozen=True)
class Address:
    """The root of an archive's DICOMweb service (PS3.18 8.2), such as https://pacs.example/dicom-web.

    Attributes:
        url: without a slash at its end.
        host: name or number of the machine.
        encrypted: whether it is asked over TLS.
    """

    url: str
    host: str
    encrypted: bool

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that a user typed.

        Raises:
            SettingError: it is no http or https address of a service, or holds a user or password.
        """
        try:
            parts = urlsplit(text.strip())
            host = parts.hostname
            _ = parts.port  # a number that is none is found here
        except ValueError as error:
            raise SettingError(
                "--url is no address; type one such as https://pacs.example/dicom-web."
            ) from error
        if "@" in parts.netloc:
            # Not repeated: it holds a password, and this sentence may end in a log.
            raise SettingError(
                "--url holds a user or password, which shells and servers keep in their logs; leave them out "
                "of the address and set CONTOURQA_PACS_USER and CONTOURQA_PACS_PASSWORD."
            )
        if parts.scheme not in ("http", "https") or not host:
            raise SettingError(f"--url {text} is no address such as https://pacs.example/dicom-web.")
        if parts.query or parts.fragment:
            raise SettingError(
                "--url goes on behind its path (? or #); give the root of the DICOMweb service alone."
            )
        url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return cls(url, host, parts.scheme == "https")

    @property
    def local(self) -> bool:
        """Whether it is this machine, so that nothing travels over a network."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read what is sent."""
        return self.encrypted or self.local
