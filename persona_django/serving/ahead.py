"""Which blocks a page will most likely ask for after its first one, so that they share queries.

A wrong guess costs a little of what is fetched anyway, never a wrong answer.
"""

from __future__ import annotations

from persona_django.blocks.registry import blocks
from persona_django.serving.asks import Ask, Seed
from persona_django.serving.recall import MOST_ASKS, recall


def usual(page: str, ask: Ask, start: tuple[Seed, ...]) -> list[Ask]:
    """What pages of this name asked for the last times, beside `ask`.

    `start` is what most blocks of the page start from: its product, or the lines of a cart.
    """
    expected = []
    for habit in recall.expect(page) if page else ():
        seeds = start if habit.seeded else ()
        if habit.seeded and not seeds:
            continue
        other = Ask(slug=habit.slug, seeds=seeds, cart=ask.cart, size=habit.size)
        if (other.slug, other.seeds) != (ask.slug, ask.seeds):
            expected.append(other)
    return expected


def any_block(ask: Ask, start: tuple[Seed, ...], *, personal: bool) -> list[Ask]:
    """Every block there is, beside `ask`: for a page that this process never showed before.

    A `personal` one only where the page has already asked who is signed in: asking would keep
    caches from storing a page that may not even show it.
    """
    expected = []
    for block in blocks().values():
        seeds = start if block.needs_seeds else ()
        is_possible = (personal or not block.personal) and (seeds or not block.needs_seeds)
        if is_possible and block.slug != ask.slug:
            expected.append(Ask(slug=block.slug, seeds=seeds, cart=ask.cart, size=ask.size))
    return expected[:MOST_ASKS]
