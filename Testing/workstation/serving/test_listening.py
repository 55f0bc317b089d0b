"""Interface and port are found out before anything is loaded, and what is wrong with them is a sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ContourQALib.errors import SettingError
from ContourQALib.workstation.serving.listening import any_port, check_host, choose_port, is_free
from ContourQALib.workstation.serving.served_hosts import ServedHosts, is_loopback


@pytest.fixture
def used() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_in_use_is_named_and_another_offered(used):
    with pytest.raises(SettingError, match=f"Port {used} is used by another program") as said:
        choose_port("localhost", used, 8080)

    offered = int(str(said.value).partition("another with --port ")[2].split(",")[0])
    assert offered > used
    assert is_free("localhost", offered)
    assert "--port 0 for any free one" in str(said.value)


def test_where_none_was_asked_for_the_next_free_one_is_taken(used):
    chosen = choose_port("localhost", None, used)

    assert chosen > used
    assert is_free("localhost", chosen)


def test_the_default_is_taken_where_it_is_free():
    free = any_port("localhost")

    assert choose_port("localhost", None, free) == free
    assert choose_port("localhost", free, 8080) == free


def test_zero_is_any_port_that_is_free():
    port = choose_port("localhost", 0, 8080)

    assert port > 1023
    assert is_free("localhost", port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(SettingError, match="is not a port"):
        choose_port("localhost", port, 8080)


def test_an_interface_of_another_machine_is_refused():
    with pytest.raises(SettingError, match=r"192\.0\.2\.1 is not an address of this machine"):
        is_free("192.0.2.1", 8080)  # an address that is nobody's (RFC 5737)


def test_a_host_that_is_none_is_refused():
    with pytest.raises(SettingError, match="is not a host that is known here"):
        is_free("no such host", 8080)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "LOCALHOST"])
def test_this_machine_alone_needs_no_permission(host):
    assert is_loopback(host)
    check_host(host, allow_remote=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "ward7", "localhost.example"])
def test_letting_others_in_has_to_be_meant(host):
    with pytest.raises(SettingError, match="images, contours and decisions") as said:
        check_host(host, allow_remote=False)

    assert "--allow-remote" in str(said.value)
    check_host(host, allow_remote=True)


@pytest.mark.parametrize("name", ["ward7", "ward7:8080", "WARD7.clinic.example", "192.168.0.7:80"])
def test_a_server_for_others_has_the_names_of_its_machine(name, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "ward7.clinic.example")

    assert ServedHosts("0.0.0.0").has(name)
    assert not ServedHosts("localhost").has(name)
    assert not ServedHosts("0.0.0.0").has("elsewhere.example")
