"""The tool of these tests: a proxy that misbehaves as it is told, and then behaves again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import Mode, Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as service:
        threading.Thread(target=echo_everything, args=(service,), daemon=True).start()
        with Proxy(service.getsockname()[1], delay=0.1) as between:
            yield between


def echo_everything(service: socket.socket) -> None:
    while True:
        try:
            client, _ = service.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(client,), daemon=True).start()


def echo(client: socket.socket) -> None:
    # Whoever is cut off in the middle of a word has heard enough.
    with client, suppress(OSError):
        while data := client.recv(1_000):
            client.sendall(data)


def said(proxy: Proxy, text: bytes = b"hello", *, patience: float = 0.3) -> bytes:
    """What comes back through the proxy within this time."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=patience) as client:
        client.sendall(text)
        heard = b""
        while len(heard) < len(text):
            got = client.recv(100)
            if not got:
                return heard
            heard += got
        return heard


def test_it_hands_on_what_is_said(proxy):
    assert said(proxy) == b"hello"
    assert proxy.accepted == 1


@pytest.mark.parametrize(
    ("mode", "felt"),
    [
        (Mode.REFUSE, ConnectionRefusedError),
        (Mode.HANG, TimeoutError),
        (Mode.RESET, ConnectionResetError),
        (Mode.BLACKHOLE, TimeoutError),
    ],
)
def test_each_fault_is_felt_and_ends_when_it_is_told_so(proxy, mode, felt):
    proxy.mode = mode
    with pytest.raises(felt):
        # A reset may come before or after what we say.
        said(proxy)
    proxy.mode = Mode.THROUGH

    assert said(proxy) == b"hello"


@pytest.mark.parametrize(("mode", "at_least"), [(Mode.SLOW, 0.1), (Mode.DRIP, 0.4)])
def test_slow_answers_arrive_whole(proxy, mode, at_least):
    proxy.mode = mode
    began = time.monotonic()

    assert said(proxy, patience=5) == b"hello"
    assert time.monotonic() - began >= at_least


@pytest.mark.parametrize("mode", [Mode.REFUSE, Mode.RESET])
def test_a_connection_that_is_open_already_is_reset(proxy, mode):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=2) as client:
        client.sendall(b"a")
        assert client.recv(10) == b"a"

        proxy.mode = mode

        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while client.recv(10) == b"":
                client.sendall(b"b")


def test_a_connection_that_is_open_already_hangs(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as client:
        client.sendall(b"a")
        assert client.recv(10) == b"a"

        proxy.mode = Mode.HANG
        client.sendall(b"b")

        with pytest.raises(TimeoutError):
            client.recv(10)
