"""One cell of the matrix: what a door does under a fault, and what the same page is without us."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.faults.browser import Answer, Browser
from tests.faults.doors import Door
from tests.faults.faults import Fault, going_on
from tests.faults.running import FaultShop

FOLLOWING = 2


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was found."""

    fault: Fault
    door: Door
    first: Answer
    following: list[Answer]
    without: Answer
    """The same page of the shop without the app."""

    @property
    def first_seconds(self) -> float:
        """What the first visitor waited for the page."""
        return self.first.last_byte

    @property
    def first_worker_seconds(self) -> float:
        """What the first request kept its worker."""
        return self.first.free

    @property
    def following_seconds(self) -> float:
        """What a later request kept its worker, at the worst."""
        return max(answer.free for answer in self.following)

    def faults(self) -> list[str]:
        """What is not as it should be, in words."""
        found = []
        for number, answer in enumerate((self.first, *self.following), 1):
            if self.door.asked is not None and answer.status not in self.door.asked.statuses:
                found.append(f"request {number} was answered with {answer.status}")
            if self.door.is_page and answer.page != self.without.page:
                found.append(
                    f"request {number} gave {answer.status} and {answer.page[1]!r}, without the "
                    f"app it is {self.without.status} and {self.without.page[1]!r}"
                )
        return found


def go_through(shop: FaultShop, fault: Fault, door: Door, visitor: Browser) -> Cell:
    """Go through one door three times while the fault lasts."""
    other = Browser(shop.without_app.port)
    page = door.path if door.is_page else "/page/1/"
    method = door.method if door.is_page else "GET"
    without = other.ask(page, method)
    with going_on(fault, shop):
        first, *following = (through(door, visitor) for _ in range(1 + FOLLOWING))
        if not door.is_page:
            beside = visitor.ask("/page/1/")
            assert beside.page == without.page, f"beside {door.name} the shop's page changed"
    return Cell(
        fault=fault,
        door=door,
        first=first,
        following=following,
        without=without,
    )


def go_beside(shop: FaultShop, fault: Fault, task: str, visitor: Browser) -> Cell:
    """Ask three times for a page while the fault lasts and a task of ours is at work in the same
    process."""
    door = Door(name=f"beside {task}", path="/page/1/")
    steered(shop, "prepare", task)
    without = Browser(shop.without_app.port).ask(door.path)
    worker = threading.Thread(target=steered, args=(shop, "task", task))
    with going_on(fault, shop):
        worker.start()
        first, *following = (through(door, visitor) for _ in range(1 + FOLLOWING))
    worker.join()
    return Cell(fault=fault, door=door, first=first, following=following, without=without)


def steered(shop: FaultShop, order: str, name: str = "") -> Any:
    """What the process with the app answers to an order."""
    answer = Browser(shop.with_app.port, patience=60).ask(f"/steer/{order}/?name={quote(name)}")
    assert answer.status == 200, answer.text
    return json.loads(answer.text)["answer"]


def through(door: Door, visitor: Browser) -> Answer:
    """Go through a door once."""
    if door.asked is None:
        return visitor.ask(door.path, door.method)
    body = door.asked.payload()
    return visitor.ask(
        door.path, door.method, body, as_app=door.asked.as_app, headers=door.asked.headers(body)
    )


def visitor_of(shop: FaultShop) -> Browser:
    """Somebody who is known, to a process that knows its catalogue."""
    visitor = Browser(shop.with_app.port)
    for name in ("persona_block", "persona_slots"):
        answer = visitor.ask(f"/tag/{name}/1/")
        assert "Tea 2" in answer.ours, answer.text
    assert "persona" in visitor.cookies
    return visitor
