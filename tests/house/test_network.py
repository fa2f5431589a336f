"""The suite's own guard: a connection to another machine cannot pass unseen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import network
from tests.newcomer.recipe import Place
from tests.worker.processes import Shop

REACHES_OUT = """
import contextlib, socket
with socket.socket() as outgoing, contextlib.suppress(OSError):
    outgoing.connect(("192.0.2.1", 80))
"""
LISTENS_TO_ITSELF = """
import socket
with socket.create_server(("127.0.0.1", 0)) as ours:
    socket.create_connection(ours.getsockname()).close()
"""


def test_a_connection_that_would_leave_this_machine_is_refused_and_remembered():
    with socket.socket() as outgoing, pytest.raises(ConnectionRefusedError):
        outgoing.connect(("192.0.2.1", 80))

    assert network.take_attempts() == ["('192.0.2.1', 80)"]


def test_the_loopback_and_sockets_that_are_files_are_ours():
    assert network.is_ours(("127.0.0.1", 5432))
    assert network.is_ours(("::1", 6379, 0, 0))
    assert network.is_ours("/run/a.socket")
    assert not network.is_ours(("example.test", 443))


def test_a_child_that_reaches_out_is_remembered_though_it_swallows_the_error():
    subprocess.run([sys.executable, "-c", REACHES_OUT], check=True)

    assert network.take_attempts() == ["('192.0.2.1', 80)"]
    assert network.take_attempts() == []


def test_a_child_may_speak_to_the_loopback():
    subprocess.run([sys.executable, "-c", LISTENS_TO_ITSELF], check=True)

    assert network.take_attempts() == []


def test_children_of_children_are_guarded_too():
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"

    subprocess.run([sys.executable, "-c", again, REACHES_OUT], check=True)

    assert network.take_attempts() == ["('192.0.2.1', 80)"]


def test_processes_of_the_worker_s_shop_and_of_a_newcomer_are_guarded(tmp_path: Path):
    (tmp_path / "reaches_out.py").write_text(REACHES_OUT)
    shop = Shop(tmp_path)
    shop.env["PYTHONPATH"] += os.pathsep + str(tmp_path)

    shop.run("reaches_out")
    Place(tmp_path).run("python", "reaches_out.py")
    Place(tmp_path, checkout="").run("python", "reaches_out.py")

    assert network.take_attempts() == ["('192.0.2.1', 80)"] * 3


def test_pip_is_let_through_with_what_it_starts(tmp_path: Path):
    """The tests of the wheel install what it needs."""
    (tmp_path / "pip.py").write_text(
        "import os, socket\n"
        "print('NETWORK_ATTEMPTS_IN' in os.environ, socket.socket.connect.__qualname__)\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "pip"], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    assert done.stdout.split() == ["False", "socket.connect"]
