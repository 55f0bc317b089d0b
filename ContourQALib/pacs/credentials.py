"""Who asks an archive: from the environment or a prompt, never from the command line or an address."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from ContourQALib.errors import SettingError
from ContourQALib.pacs.address import Address

USER_VARIABLE = "CONTOURQA_PACS_USER"
PASSWORD_VARIABLE = "CONTOURQA_PACS_PASSWORD"
TOKEN_VARIABLE = "CONTOURQA_PACS_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """A user with a password (RFC 7617), or a token (RFC 6750); neither shows when this is printed.

    Attributes:
        user: "" where a token is used.
        password: of the user.
        token: as the archive's administrator gave it.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Credentials | None:
        """What environment variables say; None where they say nothing.

        Raises:
            SettingError: they say half of it, or two things at once.
        """
        user, password, token = (
            environment.get(name, "") for name in (USER_VARIABLE, PASSWORD_VARIABLE, TOKEN_VARIABLE)
        )
        if token and (user or password):
            raise SettingError(
                f"{TOKEN_VARIABLE} is set, and so is {USER_VARIABLE} or {PASSWORD_VARIABLE}; unset one way."
            )
        if bool(user) != bool(password):
            raise SettingError(f"Set both {USER_VARIABLE} and {PASSWORD_VARIABLE}, or neither.")
        if any(character in token for character in "\r\n "):
            raise SettingError(f"{TOKEN_VARIABLE} holds a blank or a line break; set the token alone.")
        return cls(user, password, token) if user or token else None

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        if self.token:
            return f"Bearer {self.token}"
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")

    def check_way(self, address: Address) -> None:
        """See that nobody on the way to an archive reads these.

        Raises:
            SettingError: they would travel over a network in clear.
        """
        if not address.private:
            raise SettingError(
                f"{address.url} is not encrypted, and a password would travel in clear; use https, or reach "
                "the archive through a tunnel that ends on this machine."
            )
