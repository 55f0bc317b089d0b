"""Listening: which interface and port, found out before anything is loaded."""

from __future__ import annotations

import errno
import socket

from ContourQALib.errors import SettingError
from ContourQALib.workstation.serving.served_hosts import is_loopback

LAST_PORT = 65535
TRIED = 20
"""Ports looked at from the wanted one on."""


def check_host(host: str, allow_remote: bool) -> None:
    """See that an interface which others reach is meant.

    Raises:
        SettingError: others reach it, and that was not allowed.
    """
    if not is_loopback(host) and not allow_remote:
        raise SettingError(
            f"--host {host} lets other machines in: whoever has the address with its token sees the images, "
            "contours and decisions of the folders given, and can decide, over HTTP without encryption; add "
            "--allow-remote if that is meant."
        )


def choose_port(host: str, port: int | None, default: int) -> int:
    """The port to listen on.

    Args:
        host: the interface.
        port: the one asked for; 0 for any that is free; None for the default, or the next one that is free.
        default: the first to try where none was asked for.

    Raises:
        SettingError: the port is used by another program or cannot be listened on.
    """
    if port is None:
        return next((one for one in range(default, default + TRIED) if is_free(host, one)), 0) or any_port(
            host
        )
    if port == 0:
        return any_port(host)
    if not 0 < port <= LAST_PORT:
        raise SettingError(f"--port {port} is not a port; choose one from 1024 to {LAST_PORT}, or 0 for any.")
    if is_free(host, port):
        return port
    following = range(port + 1, min(port + 1 + TRIED, LAST_PORT + 1))
    other = next((one for one in following if is_free(host, one)), None)
    offered = f"take another with --port {other}, or" if other is not None else "take"
    raise SettingError(f"Port {port} is used by another program; {offered} --port 0 for any free one.")


def any_port(host: str) -> int:
    """A port that is free on every address of `host`: asyncio would take another for each address.

    Raises:
        SettingError: there is none.
    """
    for _ in range(TRIED):
        with socket.socket(_addresses(host)[0][0]) as probe:
            probe.bind((_addresses(host)[0][1], 0))
            port = int(probe.getsockname()[1])
        if is_free(host, port):
            return port
    raise SettingError(f"No port of {host} is free; end another program, or name a port by --port.")


def is_free(host: str, port: int) -> bool:
    """True where every address of `host` can be listened on at `port`.

    Raises:
        SettingError: the host is no interface of this machine, or the port is reserved for administrators.
    """
    for family, address in _addresses(host):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
                if error.errno == errno.EACCES:
                    raise SettingError(
                        f"Port {port} is reserved for administrators; choose one above 1023."
                    ) from error
                if error.errno == errno.EADDRNOTAVAIL:
                    raise SettingError(
                        f"{host} is not an address of this machine; choose localhost, or 0.0.0.0 for all."
                    ) from error
                raise SettingError(
                    f"{host}:{port} cannot be listened on ({error.strerror}); choose another."
                ) from error
    return True


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses a server on `host` listens on; IPv6 only where the machine has it."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise SettingError(
            f"{host} is not a host that is known here; choose localhost, or 0.0.0.0."
        ) from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
