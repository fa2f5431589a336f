"""Leave alone for a while what just failed, so that one request waits for it and not all of them.

A call in flight is bounded by its client's own timeout, which a system check asks for. What
raised, or took longer than `slow_call`, rests for `rest_after_fault`; then one call tries again,
and only when it comes back well do the others follow. Counted for each process by itself.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from persona_django import conf, counters
from persona_django.exceptions import Resting

GAVE_UP = frozenset(
    {
        *("57014", "55P03"),  # PostgreSQL: the time for a statement, or for a lock, ran out
        *("57P01", "57P02", "57P03"),  # it shuts down or starts up
        "53300",  # it gives no more connections
        *(2002, 2003, 2006, 2013, 2055),  # MySQL and MariaDB: not reached, or lost on the way
        *(1205, 1969, 3024),  # the time for a lock, or for a statement, ran out
        *(1040, 1053),  # no more connections; it shuts down
    }
)
"""What a database says that the next call would live through again."""


class Breaker:
    """Whether one thing outside of this process may be asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._until: float | None = None
        self._trier: int | None = None
        """The thread that tries again, on behalf of all others."""
        self._lock = threading.Lock()
        self._here = threading.local()

    @property
    def is_resting(self) -> bool:
        """Whether a call that this thread makes now would be refused."""
        until, trier = self._until, self._trier
        if until is None or trier == threading.get_ident():
            return False
        return trier is not None or time.monotonic() < until

    def begin(self) -> float:
        """Note that a call is about to be made, and return when. Raises Resting instead."""
        now = time.monotonic()
        if self._until is not None:
            with self._lock:
                if self._until is not None:
                    if self._trier is not None or now < self._until:
                        raise Resting(f"{self.name} failed a moment ago and is left alone.")
                    self._trier = threading.get_ident()
        return now

    def end(self, began: float, *, failed: bool, may_take_long: bool = False) -> None:
        """Note how a call ended: well, or in a way that the next one need not live through."""
        took = time.monotonic() - began
        is_slow = took >= conf.current().slow_call.total_seconds() and not may_take_long
        if failed or is_slow:
            self.fail("failed" if failed else f"took {took:.1f} s")
        elif self._until is not None:
            with self._lock:
                # One that began before the fault says nothing about what came after it.
                if self._trier == threading.get_ident():
                    self._until, self._trier = None, None

    def fail(self, how: str = "failed") -> None:
        """Leave it alone from now on, for as long as its rest is."""
        rest = conf.current().rest_after_fault.total_seconds()
        with self._lock:
            self._until, self._trier = time.monotonic() + rest, None
        counters.failed(
            f"{self.name}_resting",
            f"{self.name} {how} and is left alone for {rest:g} s. The shop's pages go on "
            "without it.",
        )

    def let_go(self) -> None:
        """Note that a call was broken off, which says nothing: whoever comes next may try."""
        with self._lock:
            if self._trier == threading.get_ident():
                self._trier = None

    @contextmanager
    def call(
        self,
        *expected: type[Exception],
        is_fault: Callable[[Exception], bool] | None = None,
        may_take_long: bool = False,
    ) -> Iterator[None]:
        """Around one call. What raises rests, but for what is `expected` of a healthy one.

        `is_fault` decides about each exception instead, where its type alone does not tell. A
        call within another of the same thread is part of it.
        """
        if getattr(self._here, "is_calling", False):
            yield
            return
        began = self.begin()
        self._here.is_calling = True
        try:
            yield
        except Exception as error:
            failed = is_fault(error) if is_fault is not None else not isinstance(error, expected)
            self.end(began, failed=failed, may_take_long=may_take_long)
            raise
        except BaseException:
            self.let_go()
            raise
        else:
            self.end(began, failed=False, may_take_long=may_take_long)
        finally:
            self._here.is_calling = False


_breakers: dict[str, Breaker] = {}


def breaker(name: str) -> Breaker:
    """The one breaker of a name in this process. Names are fixed words, or of what a shop
    declares, never something a client sent."""
    return _breakers.get(name) or _breakers.setdefault(name, Breaker(name))


def database(alias: str) -> Breaker:
    """The breaker of a database of ours."""
    return breaker(f"database_{alias}")


@contextmanager
def cache_call() -> Iterator[BaseCache]:
    """The default cache, for one short use of it. Raises Resting, or what the cache raises.

    That a key is not there, or holds what nobody can read, is no fault of the cache as a whole.
    """
    cache = caches["default"]
    # Django's own keep their client here, and load its module with it: no time of the cache's.
    getattr(cache, "_cache", None)
    with breaker("cache").call(is_fault=is_away):
        yield cache


def is_away(error: Exception) -> bool:
    """Whether a client of a cache could not reach it, for each raises errors of its own then. One
    that says that a value is of the wrong type has reached it."""
    kind = type(error)
    if isinstance(error, OSError):
        return True
    return kind.__module__.lstrip("_") not in OF_RUBBISH and kind.__name__ not in SAY_RUBBISH


OF_RUBBISH = ("builtins", "pickle", "struct", "zlib")
"""Where the errors come from that reading a damaged value raises."""
SAY_RUBBISH = ("ResponseError", "MemcacheClientError", "ClientError")
"""What the clients of Redis and Memcached raise when the server will not add to such a value."""


@contextmanager
def database_call(alias: str, *, may_take_long: bool = False) -> Iterator[None]:
    """Around a short use of a database of ours. Raises Resting, or what the database raises.

    An error of one statement says nothing about the next one, and neither does one that is no
    database's; a connection that is lost or cannot be made does, and a database that says itself
    that it cannot keep up. What reads or writes much `may_take_long`, and is no fault for it.
    """
    is_fault = partial(_is_gone, alias)
    with database(alias).call(is_fault=is_fault, may_take_long=may_take_long):
        yield


@contextmanager
def database_questions(alias: str) -> Iterator[None]:
    """Around work that asks a database of ours several times, among functions of the shop's: what
    these take says nothing about it, so each question is timed by itself. Raises Resting.

    The first of them is whether there is a connection: to make one, or to find that the one that
    was kept is gone, takes as long as the database likes.
    """
    longest = 0.0

    def timed(execute: Callable[..., Any], *given: Any) -> Any:
        nonlocal longest
        began = time.monotonic()
        try:
            return execute(*given)
        finally:
            longest = max(longest, time.monotonic() - began)

    try:
        with (
            connections[alias].execute_wrapper(timed),
            database_call(alias, may_take_long=True),
        ):
            # Only of a statement would `execute_wrapper` know.
            timed(connections[alias].cursor).close()
            yield
    finally:
        which = database(alias)
        if longest >= conf.current().slow_call.total_seconds() and not which.is_resting:
            which.fail(f"took {longest:.1f} s")


@contextmanager
def database_work(alias: str) -> Iterator[None]:
    """Around work that asks a database of ours now and then. Raises Resting while it rests.

    Not timed, for what a client sent is read meanwhile, and functions of the shop's are called:
    each question within it is a call of its own. What somebody else's question raised, such as
    that for the session, is held against this database where there is no other one.
    """
    if database(alias).is_resting:
        raise Resting(f"database_{alias} failed a moment ago and is left alone.")
    try:
        yield
    except DatabaseError as error:
        is_judged = _SAID_BY in error.__dict__
        if not is_judged and list(connections) == [alias] and _is_gone(alias, error):
            database(alias).fail()
        raise


def _is_gone(alias: str, error: Exception) -> bool:
    """Whether this database will most likely not answer the next call either.

    Asked without asking the database: it may be hanging.
    """
    if error.__dict__.setdefault(_SAID_BY, alias) != alias:
        # Another database said it, asked from within this call.
        return False
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    inner = connections[alias].connection
    if inner is None or getattr(inner, "closed", False):
        return True
    return not GAVE_UP.isdisjoint(_codes(error))


_SAID_BY = "_persona_said_by"


def _codes(error: DatabaseError) -> set[object]:
    """What the driver calls it: an SQLSTATE of PostgreSQL's, a number of MySQL's."""
    said = error.__cause__
    found = (getattr(said, "sqlstate", None), getattr(said, "pgcode", None), *error.args[:1])
    return {code for code in found if isinstance(code, (str, int))}


def forget() -> None:
    """Ask everything again; for tests, and in a forked child, which knows nothing yet."""
    _breakers.clear()


# The parent's locks may be held by a thread that the child does not have.
os.register_at_fork(after_in_child=forget)
