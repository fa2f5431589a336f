"""The one way in: template tag, REST, Python and e-mail all end here.

Nothing in this module raises into a shop's page. Whatever goes wrong is counted by its reason,
logged at most once a minute with what to do, and answered with an empty slate that says why.
"""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, router
from django.http import HttpRequest
from django.utils import translation

from persona_django import conf, counters
from persona_django.blocks.registry import block_named
from persona_django.blocks.values import Slate
from persona_django.breaker import breaker, database
from persona_django.catalogue.models import State
from persona_django.catalogue.tables import is_missing_table
from persona_django.exceptions import (
    NotReady,
    NotRegistered,
    PersonaError,
    Resting,
    UnknownBlock,
)
from persona_django.identity.shoppers import Shopper
from persona_django.merchandising import rules
from persona_django.model_registry import live
from persona_django.serving import knowledge
from persona_django.serving.asks import Ask, ask_of, listed, seed_of
from persona_django.serving.guard import unharmed
from persona_django.serving.knowledge import Knowledge, last_known
from persona_django.serving.page import Page, page_of
from persona_django.serving.recall import recall
from persona_django.tracking.ingest import django_request, name_item

MIGRATE = "A table of persona_django is missing. Run: python manage.py migrate persona"

_REASONS: dict[type[PersonaError], str] = {
    UnknownBlock: "unknown_block",
    NotRegistered: "not_registered",
    NotReady: "not_ready",
    Resting: "left_alone",
}


def recommend(
    who: HttpRequest | Shopper | None,
    slug: str,
    *,
    seeds: Any = (),
    size: int | None = None,
    cart: Any = (),
    category: Any = None,
    device: str = "",
    entry: str = "",
) -> Slate:
    """What to show in one block to whoever asks.

    `seeds` and `cart` are products of the shop, or their addresses as "shop.product:31". Several
    blocks of one request share their queries and show nothing twice. In an async view use
    `arecommend`, or `await prepare(...)` before rendering.

    With `category`, a path such as "Shoes > Trail", a list of its levels or the shop's own
    category object, only what is in that category or below it.

    `device` (phone, tablet, desktop) and `entry` (direct, search, other) say in what situation the
    answer will be seen, where that is known and no cache shows it to others.
    """
    if not conf.current().enabled:
        return Slate(block=str(slug))
    try:
        who = django_request(who)
        page = page_of(who)
        ask = ask_of(
            slug,
            seeds=seeds,
            size=size,
            cart=cart,
            category=category,
            device=device,
            entry=entry,
        )
        ready = page.take_prepared(ask)
        if ready is not None:
            return ready
        if _on_event_loop():
            return _not_prepared(slug)
        _name_item(who, seeds, ask)
        return _answer(page, ask, who)
    except PersonaError as error:
        return _empty(slug, _REASONS.get(type(error), "not_possible"), str(error))
    except SynchronousOnlyOperation:
        return _not_prepared(slug)
    except DatabaseError as error:
        advice = MIGRATE if is_missing_table(error) else f"The database refused: {error}"
        return _empty(slug, "database", advice, error)
    except Exception as error:  # noqa: BLE001 - the shop's page goes on without this block
        advice = f"Block {str(slug)[:60]!r} failed with {type(error).__name__}: {error}"
        return _empty(slug, "block_failed", advice, error)


async def arecommend(
    who: HttpRequest | Shopper | None,
    slug: str,
    *,
    seeds: Any = (),
    size: int | None = None,
    cart: Any = (),
    category: Any = None,
    device: str = "",
    entry: str = "",
) -> Slate:
    """`recommend` for async views; the database is asked off the event loop."""
    return await sync_to_async(recommend)(
        who,
        slug,
        seeds=seeds,
        size=size,
        cart=cart,
        category=category,
        device=device,
        entry=entry,
    )


async def prepare(
    request: HttpRequest,
    *slugs: str,
    seeds: Any = (),
    size: int | None = None,
    cart: Any = (),
    category: Any = None,
) -> None:
    """Compute a page's blocks before an async view renders its template.

    `await prepare(request, "similar-items", "reorder", seeds=product)`; the tags of those blocks
    then show what is ready, without touching the database.
    """
    await sync_to_async(_prepare)(request, slugs, seeds, size, cart, category)


def name_page_item(request: HttpRequest, product: Any) -> None:
    """Say what a page is about before its first block: it is then never offered beside itself,
    and a block without a seed can already fetch for those that have one.
    """
    if not conf.current().enabled:
        return
    try:
        page_of(django_request(request)).item = (seed_of(product),)
        name_item(request, product)
    except PersonaError as error:
        counters.failed("not_registered", str(error))
    except Exception as error:  # noqa: BLE001 - the shop's page goes on, whatever its map raises
        counters.failed("page_item_failed", f"The page's item has no name: {error}", error=error)


def _name_item(who: Any, seeds: Any, ask: Ask) -> None:
    """A block that starts from one product says what its page is about, unless the page did.

    Not so a line of the cart: the page is then about the cart, and its lines were not viewed.
    """
    if isinstance(seeds, (list, tuple)) and len(seeds) == 1:
        seeds = seeds[0]
    if isinstance(who, HttpRequest) and hasattr(seeds, "_meta") and ask.seeds[0] not in ask.cart:
        name_item(who, seeds, explicit=False)


def _answer(page: Page, ask: Ask, who: HttpRequest | Shopper | None) -> Slate:
    """The answer, unless this block took long a moment ago: by the shop's own maps, sources or
    rankers, whose time is the page's.
    """
    block = breaker(f"block_{block_named(ask.slug).slug}")
    before = last_known(page.asker.store)
    began = block.begin()
    try:
        return _answer_once_more(page, ask, who)
    finally:
        # Neither what the database took, which rests by itself, nor the first look at a catalogue.
        is_excused = database(router.db_for_read(State)).is_resting
        is_excused |= _has_taken_in(before, last_known(page.asker.store))
        block.end(began, failed=False, may_take_long=is_excused)


def _has_taken_in(before: Knowledge | None, now: Knowledge | None) -> bool:
    """Whether something large was read meanwhile, which the next page need not read again."""
    if before is None or now is None:
        return before is not now
    figures = (now.figures[kind].arrays is not of.arrays for kind, of in before.figures.items())
    return now.snapshot is not before.snapshot or any(figures)


def _answer_once_more(page: Page, ask: Ask, who: HttpRequest | Shopper | None) -> Slate:
    """From what is known, where the database failed and is left alone from now on."""
    try:
        with unharmed():
            return _in_their_language(page, ask, who)
    except DatabaseError:
        if not database(router.db_for_read(State)).is_resting:
            raise
    with unharmed():
        return _in_their_language(page, ask, who)


def _in_their_language(page: Page, ask: Ask, who: HttpRequest | Shopper | None) -> Slate:
    """A shopper is answered in their own language; a request is already in its own."""
    if not isinstance(who, Shopper) or not who.language:
        return page.slate(ask)
    with translation.override(who.language):
        slate = page.slate(ask)
        for slot in slate:
            # Prices are put into words when they are first read, which would be too late.
            _ = slot.price_text, slot.compare_at_text
        return slate


def _prepare(
    request: HttpRequest,
    slugs: tuple[str, ...],
    seeds: Any,
    size: int | None,
    cart: Any,
    category: Any,
) -> None:
    if not conf.current().enabled:
        return
    try:
        request = django_request(request)
        # A generator would be empty for the second block.
        with unharmed():
            seeds, cart = listed(seeds), listed(cart)
        asks = [
            ask_of(slug, seeds=seeds, size=size, cart=cart, category=category) for slug in slugs
        ]
    except Exception as error:  # noqa: BLE001 - the shop's view goes on, its blocks are empty
        advice = f"prepare() cannot use what it was given: {error}"
        page_of(request).keep_prepared(
            (Ask(slug=slug, size=1), _empty(slug, "not_prepared", advice, error)) for slug in slugs
        )
        return
    page = page_of(request)
    page.announce(asks)
    slates = [
        recommend(request, slug, seeds=seeds, size=size, cart=cart, category=category)
        for slug in slugs
    ]
    page.keep_prepared(zip(asks, slates, strict=True))


def _not_prepared(slug: str) -> Slate:
    name = str(slug)[:60]
    return _empty(
        slug,
        "not_prepared",
        f"Block {name!r} is shown by an async view, where nothing may wait for the database. "
        f'Before rendering: await persona_django.prepare(request, "{name}", seeds=product). '
        "In code: await persona_django.arecommend(...).",
    )


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _empty(slug: str, reason: str, advice: str, error: BaseException | None = None) -> Slate:
    counters.failed(reason, advice, error=error)
    return Slate(block=str(slug), why_empty=advice)


def forget() -> None:
    """Work everything out again at the next question; for tests and after a fork."""
    knowledge.forget()
    rules.forget()
    recall.forget()
    live.forget()
