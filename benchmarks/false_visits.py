"""Visits that an attacker sends to ride on what many look at, and which of them come to count.

They pass through what stands before the learning: their place among the newcomers of their network
is counted in the cache as a request's is, and they are judged as every visitor is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

LOOKS = 6
"""Pages of one visit: the popular thing and the attacker's, three times each in turn."""
SECONDS_A_PAGE = 25
HOUR, DAY = 3_600, 86_400
MONTH = 30 * DAY
FIRST_KEY = 2**62


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One way to send false visits."""

    name: str
    lasts: int = MONTH
    """Seconds, up to an hour before the learning."""
    networks: int = 0
    """They come from so many; 0: each from its own."""
    visits_each: int = 1
    """Visits with the same cookie, on different days."""
    is_split: bool = False
    """A visitor looks at one of the two things in a visit, and at the other in the next."""
    others: int = 0
    """Other things, drawn from the whole range, that a visit also looks at."""
    is_judged: bool = True
    """Whether the aim speaks of it."""


ATTACKS = (
    Attack(name="(a) a bot farm within an hour, from three networks", lasts=HOUR, networks=3),
    Attack(name="(b) over a month, from three networks", networks=3),
    Attack(name="(c) over a month, each from a network of its own with a new cookie"),
    Attack(name="(d) over a month, by accounts that return ten times", visits_each=10),
    Attack(
        name="(e) as (c), one thing in a visit and the other in the next",
        visits_each=2,
        is_split=True,
        is_judged=False,
    ),
    Attack(
        name="(f) as (c), and each visit looks at three other things as well",
        others=3,
        is_judged=False,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Looks, aligned, in order of time."""

    visitor: IntArray
    item: IntArray
    at: IntArray


def sent(
    attack: Attack,
    visits: int,
    *,
    popular: int,
    own: int,
    items: IntArray,
    ends_at: int,
    rng: np.random.Generator,
) -> Sent:
    """The looks of so many false visits."""
    visitors = -(-visits // attack.visits_each)
    number = np.arange(visits)
    begins = ends_at - HOUR - rng.integers(0, attack.lasts, visits)
    if attack.visits_each > 1:
        # The visits of one cookie lie days apart.
        nth = number // visitors
        begins = ends_at - HOUR - rng.integers(0, attack.lasts // attack.visits_each, visits)
        begins -= nth * (attack.lasts // attack.visits_each)
    looks = np.tile([popular, own], (visits, LOOKS // 2))
    if attack.is_split:
        looks = np.where((number // visitors % 2 == 0)[:, None], popular, own) + 0 * looks
    if attack.others:
        more = rng.choice(items, (visits, attack.others))
        looks = np.concatenate([looks[:, :2], more, looks[:, 2:]], axis=1)
    at = begins[:, None] + SECONDS_A_PAGE * np.arange(looks.shape[1])
    who = np.repeat(FIRST_KEY + number % visitors, looks.shape[1])
    order = np.argsort(at.ravel(), kind="stable")
    return Sent(visitor=who[order], item=looks.ravel()[order], at=at.ravel()[order])


def past_the_door(visits: Sent, attack: Attack, *, ends_at: int) -> Any:
    """The events that learning reads of them, as `EventColumns`; nothing is left behind."""
    import time_machine
    from django.core.cache import cache

    from persona_django.deriving.judging import judge
    from persona_django.identity.models import Standing, Visitor
    from persona_django.tracking.context import Context, Sender
    from persona_django.tracking.events import read_events
    from persona_django.tracking.models import Event
    from persona_django.tracking.schema import Kind

    cache.clear()
    context = Context(sender=Sender.PAGE).packed()
    Visitor.objects.bulk_create(
        Visitor(key=key, purposes="personalise", standing=Standing.NEW, rank=rank)
        for key, rank in _ranks(visits, attack).items()
    )
    columns = (visits.visitor.tolist(), visits.item.tolist(), visits.at.tolist())
    Event.objects.bulk_create(
        (
            Event(shopper=who, uid=uid, kind=Kind.VIEW, item_id=item, at=at, context=context)
            for uid, (who, item, at) in enumerate(zip(*columns, strict=True))
        ),
        batch_size=1_000,
    )
    with time_machine.travel(ends_at, tick=False):
        judge(beat=lambda: None)
        events = read_events(kinds=[Kind.VIEW])
    Event.objects.all().delete()
    Visitor.objects.all().delete()
    return events


def _ranks(visits: Sent, attack: Attack) -> dict[int, int]:
    """Of each visitor the place among the newcomers of their network within the hour."""
    import time_machine
    from django.test import RequestFactory

    from persona_django.tracking.newcomers import place_in_network

    ranks = {}
    _, first = np.unique(visits.visitor, return_index=True)
    for number, place in enumerate(np.sort(first).tolist()):
        network = number % attack.networks if attack.networks else number
        address = f"10.{network // 256 % 256}.{network % 256}.7"
        request = RequestFactory().get("/", REMOTE_ADDR=address)
        with time_machine.travel(int(visits.at[place]), tick=False):
            ranks[int(visits.visitor[place])] = place_in_network(request)
    return ranks
