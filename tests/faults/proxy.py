"""Stands between a client and a service on the loopback, and misbehaves as it is told."""

from __future__ import annotations

import enum
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any

CHUNK = 65_536
AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing sends a reset and waits for nothing."""


class Mode(enum.Enum):
    """What the proxy does with connections, those that are open already included."""

    THROUGH = "hands everything on"
    REFUSE = "refuses connections and resets those there are"
    HANG = "accepts and never says a word"
    RESET = "accepts and resets at once"
    SLOW = "hands on each answer after a delay"
    DRIP = "hands on each answer byte by byte"
    BLACKHOLE = "does not even answer the knocking"


class Proxy:
    """One port of ours in front of another. Use it in a `with`; set `mode` at any time."""

    def __init__(self, port: int, *, delay: float = 0.3) -> None:
        self.target = ("127.0.0.1", port)
        self.delay = delay
        self.accepted = 0
        """Connections that were made so far."""
        self.questions = 0
        """What clients sent so far, in pieces."""
        self._breaks_at: tuple[int, Mode] | None = None
        self._counting = threading.Lock()
        self._mode = Mode.THROUGH
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._fillers: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._serve()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stop_listening()
        self._reset_all()

    @property
    def mode(self) -> Mode:
        """What it does right now."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._stop_listening()
        if mode in (Mode.REFUSE, Mode.RESET, Mode.THROUGH):
            self._reset_all()
        self._mode = mode
        if mode is Mode.BLACKHOLE:
            self._fill_up()
        elif mode is not Mode.REFUSE:
            self._listen(backlog=64)
            self._serve()

    def break_after(self, questions: int | None, mode: Mode = Mode.REFUSE) -> None:
        """Change the mode in the middle of a talk, when clients have sent so many pieces more;
        None: not any more, nor by a piece that is being counted."""
        with self._counting:
            self._breaks_at = None if questions is None else (self.questions + questions, mode)

    def _count(self) -> None:
        with self._counting:
            self.questions += 1
            if self._breaks_at is not None and self.questions >= self._breaks_at[0]:
                (_, self.mode), self._breaks_at = self._breaks_at, None

    def _listen(self, *, backlog: int) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(backlog)

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            # Wakes up who waits in accept, which closing alone does not.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        while self._fillers:
            self._fillers.pop().close()

    def _fill_up(self) -> None:
        """A queue that is full, so that the system drops whoever knocks next."""
        self._listen(backlog=0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(("127.0.0.1", self.port))
            self._fillers.append(filler)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self._mode is Mode.RESET:
                _reset(client)
                continue
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        """Join a client to the service, as soon as anything is handed on at all."""
        self._keep(client)
        _at_once(client)
        if not self._wait_to_hand_on(client):
            return
        try:
            server = socket.create_connection(self.target, timeout=10)
            server.settimeout(None)
            _at_once(server)
        except OSError:
            self._drop(client)
            return
        self._keep(server)
        back = threading.Thread(target=self._answers, args=(server, client), daemon=True)
        back.start()
        self._questions(client, server)

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(CHUNK):
                self._count()
                if not self._wait_to_hand_on(client):
                    return
                server.sendall(data)
        except OSError:
            pass
        finally:
            self._drop(client)
            self._drop(server)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(CHUNK):
                if not self._wait_to_hand_on(client):
                    return
                if self._mode is Mode.SLOW:
                    time.sleep(self.delay)
                if self._mode is Mode.DRIP:
                    self._drip(data, client)
                else:
                    client.sendall(data)
        except OSError:
            pass
        finally:
            self._drop(client)
            self._drop(server)

    def _drip(self, data: bytes, client: socket.socket) -> None:
        for at, one in enumerate(data):
            if self._mode is not Mode.DRIP:
                client.sendall(data[at:])
                return
            client.sendall(bytes([one]))
            time.sleep(self.delay)

    def _wait_to_hand_on(self, client: socket.socket) -> bool:
        """Silent for as long as the mode says so; False once the client is gone."""
        while self._mode in (Mode.HANG, Mode.BLACKHOLE):
            time.sleep(0.02)
            if client.fileno() < 0:
                return False
        return client.fileno() >= 0

    def _keep(self, one: socket.socket) -> None:
        with self._lock:
            self._open.add(one)

    def _drop(self, one: socket.socket) -> None:
        with self._lock:
            self._open.discard(one)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def _reset_all(self) -> None:
        with self._lock:
            gone, self._open = self._open, set()
        for one in gone:
            _reset(one)


def _at_once(one: socket.socket) -> None:
    """Send small pieces as they come, as a client does that speaks to its server itself: two in a
    row would wait for each other, up to 40 ms."""
    with suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        # Wakes up the thread that reads from it.
        one.shutdown(socket.SHUT_RD)
    one.close()
