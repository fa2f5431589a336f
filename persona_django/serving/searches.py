"""What was found useful after a search, for the shop's own results page."""

from __future__ import annotations

from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError
from django.http import HttpRequest

from persona_django import conf, counters
from persona_django.blocks.reasons import rounded
from persona_django.exceptions import PersonaError, in_one_line
from persona_django.identity.shoppers import Shopper
from persona_django.serving.asker import Asker
from persona_django.serving.asks import size_of
from persona_django.serving.guard import unharmed
from persona_django.serving.knowledge import Knowledge, knowledge_of
from persona_django.sources.searches import Finds
from persona_django.tracking.finds import key_of
from persona_django.tracking.ingest import django_request
from persona_django.tracking.words import normalised

MOST_TYPED = 500
"""Characters that are looked at, of an address that anybody may write."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One product, to be looked up in the shop's own table, which says whether it may be shown."""

    model: str
    """Label, such as "shop.product"."""
    key: str
    """Its primary key, as text."""
    visitors: int
    """More than so many found it, rounded down as all that shoppers read; 0: a crowd, no more."""


@dataclass(frozen=True, kw_only=True)
class SearchFinds:
    """What is known of one search."""

    useful: tuple[Found, ...] = ()
    """What others looked at, put into the cart or bought after it, best first."""
    bought_in_the_end: tuple[Found, ...] = ()
    """Where it leads nowhere: what those who searched so bought later in that visit."""
    leads_nowhere: bool = False
    """Whether most who searched so had no result, or came to nothing."""


def search_finds(
    who: HttpRequest | Shopper | None,
    words: str,
    *,
    size: int | None = None,
    store: int = 1,
) -> SearchFinds:
    """What other visitors found useful after they had searched for this, in whatever spelling.

    They are visitors of the store that the request or the shopper belongs to; where there is
    neither, as in a task, of `store`. The same for everybody who asks there.

    Nothing where too few asked, or before anything was learnt. Costs no query of its own, and
    never raises: what goes wrong is counted, logged with what to do, and answered with nothing.
    """
    if not conf.current().enabled:
        return SearchFinds()
    try:
        # As it would have been counted, in the words that are ever kept.
        most, key = size_of(size), key_of(normalised(str(words)[:MOST_TYPED]))
        with unharmed():
            known = knowledge_of(store if who is None else Asker(django_request(who)).store)
        if known.searches is None:
            return SearchFinds()
        return SearchFinds(
            useful=_products(known, known.searches.found_after(key), most),
            bought_in_the_end=_products(known, known.searches.bought_in_the_end(key), most),
            leads_nowhere=known.searches.leads_nowhere(key),
        )
    except (PersonaError, DatabaseError, SynchronousOnlyOperation) as error:
        return _nothing(str(error), error)
    except Exception as error:  # noqa: BLE001 - the shop's search page goes on without it
        return _nothing(in_one_line(error), error)


async def asearch_finds(
    who: HttpRequest | Shopper | None,
    words: str,
    *,
    size: int | None = None,
    store: int = 1,
) -> SearchFinds:
    """`search_finds` for async views; the database is asked off the event loop."""
    return await sync_to_async(search_finds)(who, words, size=size, store=store)


def _nothing(why: str, error: BaseException) -> SearchFinds:
    advice = f"What was found after searches cannot be told: {why}"
    counters.failed("search_finds_failed", advice, error=error)
    return SearchFinds()


def _products(known: Knowledge, finds: Finds, most: int) -> tuple[Found, ...]:
    """The best of each family that is on sale; of sensitive things nothing is told."""
    families, settings = known.families, conf.current()
    rows = families.rows_of(finds.group_id)
    least = max(settings.min_buyers, settings.min_support)
    found = []
    for row, visitors in zip(rows.tolist(), finds.visitors.tolist(), strict=True):
        if row >= 0 and families.on_sale[row] and not families.sensitive[row]:
            item_id = families.members(int(families.group_id[row]))[0]
            item = int(known.snapshot.rows_of([item_id])[0])
            found.append(
                Found(
                    model=known.snapshot.label_of(item),
                    key=known.snapshot.key_of(item),
                    visitors=rounded(visitors, least=least),
                )
            )
    return tuple(found[:most])
