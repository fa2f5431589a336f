"""The suite's own guard: a connection to another machine cannot pass unseen."""

from __future__ import annotations

import socket

import pytest

from tests import network


def test_a_connection_that_would_leave_this_machine_is_refused_and_remembered():
    with socket.socket() as outgoing, pytest.raises(ConnectionRefusedError):
        outgoing.connect(("192.0.2.1", 80))

    assert network.take_attempts() == ["('192.0.2.1', 80)"]


def test_the_loopback_and_sockets_that_are_files_are_ours():
    assert network.is_ours(("127.0.0.1", 5432))
    assert network.is_ours(("::1", 6379, 0, 0))
    assert network.is_ours("/run/a.socket")
    assert not network.is_ours(("example.test", 443))
