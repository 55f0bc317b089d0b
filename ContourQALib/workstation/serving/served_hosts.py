"""Served hosts: the names under which a browser may ask for the page.

A page of somebody else whose name is pointed at this machine (DNS rebinding) asks under that name: it is
refused.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

WILDCARDS = ("0.0.0.0", "::")
"""All interfaces of the machine."""


class ServedHosts:
    """The names of one server; ports are not looked at, since a tunnel has another one at its other end.

    Args:
        host: the name or address that it listens on.
    """

    def __init__(self, host: str) -> None:
        names = {"localhost", host.lower()}
        if not is_loopback(host):
            own = socket.gethostname().lower()
            names |= {own, own.partition(".")[0]}
        self._names = names
        self._only_loopback = is_loopback(host)

    def has(self, host_header: str) -> bool:
        """True where the value of a Host header names this server.

        Addresses in numbers are names of their own that nobody can point elsewhere; those of other interfaces
        are refused all the same by a server that listens on the loopback alone.
        """
        name = _name_of(host_header)
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._only_loopback

    @staticmethod
    def same_origin(origin: str, host_header: str) -> bool:
        """True where a page of `origin` was served under the name, and the port, of `host_header`."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host_header.lower() != ""


def is_loopback(host: str) -> bool:
    """True for a name or address that only this machine reaches."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def shown_host(host: str) -> str:
    """The host in an address for a browser: the machine's name where it listens on all interfaces."""
    name = socket.gethostname() if host in WILDCARDS else host
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _name_of(host_header: str) -> str:
    try:
        return (urlsplit(f"//{host_header}").hostname or "").lower()
    except ValueError:
        return ""
