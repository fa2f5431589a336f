"""Leave alone for a while what just failed, so that one request waits for it and not all of them.

A call in flight is bounded by its client's own timeout, which a system check asks for. What
raised, or took longer than `slow_call`, rests for `rest_after_fault`; then one call tries again,
and only when it comes back well do the others follow. Counted for each process by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from persona_django import conf, counters
from persona_django.exceptions import Resting


class Breaker:
    """Whether one thing outside of this process may be asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._until: float | None = None
        self._is_trying = False
        self._lock = threading.Lock()

    @property
    def is_resting(self) -> bool:
        """Whether a call made now would be refused."""
        return self._until is not None and (self._is_trying or time.monotonic() < self._until)

    def begin(self) -> float:
        """Note that a call is about to be made, and return when. Raises Resting instead."""
        now = time.monotonic()
        if self._until is not None:
            with self._lock:
                if self._until is not None:
                    if self._is_trying or now < self._until:
                        raise Resting(f"{self.name} failed a moment ago and is left alone.")
                    self._is_trying = True
        return now

    def end(self, began: float, *, failed: bool) -> None:
        """Note how a call ended: well, or in a way that the next one need not live through."""
        took = time.monotonic() - began
        if failed or took >= conf.current().slow_call.total_seconds():
            with self._lock:
                rest = conf.current().rest_after_fault.total_seconds()
                self._until = time.monotonic() + rest
                self._is_trying = False
            counters.failed(
                f"{self.name}_resting",
                f"{self.name} {'failed' if failed else f'took {took:.1f} s'} and is left alone "
                f"for {rest:g} s. The shop's pages go on without it.",
            )
        elif self._until is not None:
            with self._lock:
                self._until, self._is_trying = None, False

    @contextmanager
    def call(self, *expected: type[Exception]) -> Iterator[None]:
        """Around one call. What raises rests, but for what is `expected` of a healthy one."""
        began = self.begin()
        try:
            yield
        except Exception as error:
            self.end(began, failed=not isinstance(error, expected))
            raise
        except BaseException:
            self.end(began, failed=False)
            raise
        self.end(began, failed=False)


_breakers: dict[str, Breaker] = {}


def breaker(name: str) -> Breaker:
    """The one breaker of a name in this process."""
    return _breakers.get(name) or _breakers.setdefault(name, Breaker(name))


@contextmanager
def cache_call() -> Iterator[BaseCache]:
    """The default cache, for one short use of it. Raises Resting, or what the cache raises.

    A cache's own answer to a key that is not there, ValueError, is no fault.
    """
    with breaker("cache").call(ValueError):
        yield caches["default"]


@contextmanager
def database_call(alias: str) -> Iterator[None]:
    """Around a short use of a database of ours. Raises Resting, or what the database raises.

    An error of one statement says nothing about the next one; a connection that is lost, or
    cannot be made, does.
    """
    which = breaker(f"database_{alias}")
    began = which.begin()
    try:
        yield
    except DatabaseError as error:
        which.end(began, failed=_is_lost(alias, error))
        raise
    except BaseException:
        which.end(began, failed=False)
        raise
    which.end(began, failed=False)


def _is_lost(alias: str, error: DatabaseError) -> bool:
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    connection = connections[alias]
    if connection.connection is None:
        return True
    # In a transaction nothing can be asked, and the server has said already what it thinks.
    return bool(connection.errors_occurred and not connection.is_usable())


def forget() -> None:
    """Ask everything again. For tests."""
    _breakers.clear()
