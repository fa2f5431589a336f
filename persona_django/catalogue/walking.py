"""A reconcile in pages, for a worker that has other things to do as well.

Where it stands is stored after each chunk, so that the next message goes on there, and after a
kill the next tick. That is a few bytes: which map, and behind which key. What was seen before is
not kept; what the shop no longer offers is asked at the end, from its keys alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import router
from numpy.typing import NDArray

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import registry, state
from persona_django.catalogue.mirror import Mirror, retire
from persona_django.catalogue.models import Item
from persona_django.catalogue.reading import Plan, plan_of
from persona_django.catalogue.refs import refs_of
from persona_django.catalogue.reports import SyncReport, Tally
from persona_django.catalogue.sync import (
    KEYS_AT_A_TIME,
    Pass,
    say_what_was_missed,
    unregistered,
)
from persona_django.exceptions import BadArtefact, BrokenMap

log = logging.getLogger("persona_django.catalogue")

SCHEMA = 1
OLDEST = timedelta(days=1)
"""A walk begun longer ago begins again: what it looked at first may have changed since."""


@dataclass(frozen=True)
class _Clock:
    """How long a message may go on, and whom to tell that it is alive."""

    until: float
    beat: Callable[[], None]

    def is_over(self) -> bool:
        """True when the worker is to be handed back."""
        return time.monotonic() >= self.until


@dataclass
class Walk:
    """One look at the whole catalogue, somewhere between its pages."""

    store: int
    todo: list[str]
    """Labels of the maps that are not finished; the first is under way."""
    is_read: bool = False
    """True once all rows of the map under way were read, and those that left are looked for."""
    after: str = ""
    """Key of the last row of the map under way that was read."""
    broken: str = ""
    """What is wrong with the first map that failed, told when the others are done."""
    since: float = field(default_factory=time.time)
    tally: Tally = field(default_factory=Tally)

    def advance(self, *, seconds: float, beat: Callable[[], None]) -> bool:
        """Go on for about this long, at least for one page; True when the end was reached.

        `beat` is called after each page and may raise to stop.
        """
        clock = _Clock(time.monotonic() + seconds, beat)
        before = self.tally.changes
        try:
            while self.todo:
                self._go_on(self.todo[0], clock)
                if clock.is_over():
                    return False
            return self._retire_unregistered(clock)
        finally:
            # Also when it was stopped half way: what it has written is for the next snapshot.
            if self.tally.changes > before:
                state.bump("catalogue", self.store)

    def finish(self) -> SyncReport:
        """Say what was found; BrokenMap when a map could not be read."""
        report = self.tally.report()
        say_what_was_missed(report)
        if self.broken:
            raise BrokenMap(self.broken)
        return report

    def _go_on(self, label: str, clock: _Clock) -> None:
        item_map = registry.item_maps().get(label)
        if item_map is None:
            # Taken out of persona.py since the walk began; its items are retired at the end.
            self._next_map()
            return
        try:
            plan = plan_of(item_map)
            (self._leave if self.is_read else self._read)(plan, clock)
        except BrokenMap as error:
            log.error("%s", error)
            self.broken = self.broken or str(error)
            self._next_map()

    def _read(self, plan: Plan, clock: _Clock) -> None:
        """Bring the map's rows into the mirror, page by page."""
        can_be_paged = plan.can_be_paged()
        work = self._pass(plan)
        for page in plan.pages(after=_key_of(plan, self.after)):
            work.take(page)
            clock.beat()
            self.after = str(page[-1].pk)
            # A key that its text does not give back would have the map read from its beginning
            # for ever.
            if clock.is_over() and can_be_paged and _key_of(plan, self.after) == page[-1].pk:
                return
        self.is_read = True

    def _leave(self, plan: Plan, clock: _Clock) -> None:
        """Take off sale what the map's queryset no longer has."""
        work = self._pass(plan)
        # After the mirror, so that a product that comes in meanwhile is in neither or in both.
        work.mirror.meet(refs_of(plan.item_map.label, plan.keys()))
        for some in _blocks(work.mirror.unseen()):
            work.leave(some)
            clock.beat()
            if clock.is_over():
                return
        self._next_map()

    def _retire_unregistered(self, clock: _Clock) -> bool:
        for some in _blocks(unregistered(_alias(), self.store)):
            retire(_alias(), some)
            self.tally.retired += len(some)
            clock.beat()
            if clock.is_over():
                return False
        return True

    def _pass(self, plan: Plan) -> Pass:
        return Pass(plan, Mirror(_alias(), self.store, plan.item_map.label), self.tally)

    def _next_map(self) -> None:
        del self.todo[0]
        self.is_read, self.after = False, ""


def recall(store: int = 1) -> Walk:
    """The walk that was kept, or a new one where there is none that can be gone on with."""
    with contextlib.suppress(*artefacts.OF_ANOTHER_SHAPE):
        kept = _kept(store)
        if kept is not None and abs(time.time() - kept["since"]) <= OLDEST.total_seconds():
            return Walk(store=store, tally=Tally(SyncReport(**kept.pop("report"))), **kept)
    return Walk(store=store, todo=list(registry.item_maps()))


def keep(walk: Walk) -> None:
    """Store where the walk stands, so that any process can go on with it."""
    kept = {
        "todo": walk.todo,
        "is_read": walk.is_read,
        "after": walk.after,
        "broken": walk.broken,
        "since": walk.since,
        "report": vars(walk.tally.report()),
    }
    text = np.frombuffer(json.dumps(kept).encode(), dtype=np.uint8)
    artefacts.save(_name(walk.store), {"walk": text}, schema=SCHEMA)
    artefacts.prune(_name(walk.store), keep=1)


def discard(store: int = 1) -> None:
    """The next walk begins at the beginning."""
    artefacts.prune(_name(store), keep=0)


def _kept(store: int) -> dict[str, Any] | None:
    newest = artefacts.newest(_name(store))
    try:
        arrays = artefacts.load(newest, schema=SCHEMA) if newest else {}
    except BadArtefact:
        return None
    return dict(json.loads(arrays["walk"].tobytes())) if arrays else None


def _key_of(plan: Plan, text: str) -> Any:
    """The key that was stored as this text; None for none, or one of a type that was changed."""
    key: Any = plan.item_map.model._meta.pk
    with contextlib.suppress(ValidationError, ValueError, TypeError):
        return key.to_python(text) if text else None
    return None


def _name(store: int) -> str:
    return f"{artefacts.READ_ONCE}reconcile/{store}"


def _alias() -> str:
    return router.db_for_write(Item)


def _blocks(item_ids: Sequence[int] | NDArray[np.int64]) -> Iterator[list[int]]:
    for start in range(0, len(item_ids), KEYS_AT_A_TIME):
        yield [int(item_id) for item_id in item_ids[start : start + KEYS_AT_A_TIME]]
