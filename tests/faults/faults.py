"""What can go wrong around a shop, each fault with how it begins and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.faults.browser import Browser
from tests.faults.proxy import Mode
from tests.faults.running import FaultShop, tell

Change = Callable[[FaultShop], None]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One of them."""

    name: str
    begin: Change
    end: Change
    of: str
    """What it is about: broker, cache, database or shop."""
    waits: float
    """Seconds that the first request may wait for it, by the timeouts of the fault shop."""
    is_for: tuple[str, ...] = ("postgres", "mysql")
    blocks: tuple[bool, bool, bool] = (True, True, True)
    """Whether the first three requests still show a public block, from what the process knows."""

    def may_fail(self, said: str) -> bool:
        """Whether a task may end under it with this error, which operators are told of."""
        errors = {"database": ("OperationalError", "InternalError"), "shop": ("BrokenMap",)}
        return said.startswith(tuple(f"FAILURE {name}" for name in errors.get(self.of, ())))


def _set(which: str, mode: Mode) -> Change:
    def change(shop: FaultShop) -> None:
        getattr(shop, which).mode = mode

    return change


def _tell_app(order: str) -> Change:
    def change(shop: FaultShop) -> None:
        assert Browser(shop.with_app.port).ask(f"/steer/{order}/").status == 200

    return change


def _read_only(shop: FaultShop) -> None:
    _alter(shop, "SET default_transaction_read_only = on")


def _writable(shop: FaultShop) -> None:
    _alter(shop, "RESET default_transaction_read_only")


def _alter(shop: FaultShop, change: str) -> None:
    name = urlsplit(shop.direct).path[1:]
    tell(
        urlsplit(shop.direct)._replace(path="/postgres").geturl(),
        f"ALTER DATABASE {name} {change}",
    )


def _heal(shop: FaultShop) -> None:
    shop.heal()


FAULTS = [
    Fault(
        name="broker refuses", of="broker", begin=_set("broker", Mode.REFUSE), end=_heal, waits=0
    ),
    Fault(name="broker hangs", of="broker", begin=_set("broker", Mode.HANG), end=_heal, waits=0),
    Fault(
        name="cache refuses", of="cache", begin=_set("cache", Mode.REFUSE), end=_heal, waits=0.3
    ),
    Fault(name="cache hangs", of="cache", begin=_set("cache", Mode.HANG), end=_heal, waits=0.7),
    Fault(
        name="database down",
        of="database",
        begin=_set("database", Mode.REFUSE),
        end=_heal,
        waits=0.3,
    ),
    Fault(
        name="database hangs",
        of="database",
        begin=_set("database", Mode.HANG),
        end=_heal,
        waits=2.5,
    ),
    Fault(
        name="database resets",
        of="database",
        begin=_set("database", Mode.RESET),
        end=_heal,
        waits=1,
    ),
    Fault(
        name="database slow", of="database", begin=_set("database", Mode.SLOW), end=_heal, waits=8
    ),
    Fault(
        name="database read-only",
        of="database",
        begin=_read_only,
        end=_writable,
        waits=0.5,
        is_for=("postgres",),
    ),
    Fault(
        name="adapter raises",
        of="shop",
        begin=_tell_app("break-adapters"),
        end=_tell_app("mend-adapters"),
        waits=0.5,
        blocks=(False, False, False),
    ),
    Fault(
        name="adapter slow",
        of="shop",
        begin=_tell_app("slow-adapters"),
        end=_tell_app("mend-adapters"),
        waits=3,
        blocks=(True, False, False),
    ),
]


@contextmanager
def going_on(fault: Fault, shop: FaultShop) -> Iterator[None]:
    """The fault, as long as it lasts; before and after it everything is asked again."""
    forget = _tell_app("forget-faults")
    forget(shop)
    fault.begin(shop)
    try:
        yield
    finally:
        fault.end(shop)
        forget(shop)
