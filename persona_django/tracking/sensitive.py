"""What is never kept of sensitive categories: their names among what visitors asked for, and what
the log still holds of items and names that were not sensitive when it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import router
from django.db.models import Model, QuerySet

from persona_django import conf
from persona_django.catalogue import state
from persona_django.catalogue.categories import BORDERS, is_under
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.columns import ageing
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.items import REFS_AT_A_TIME, every_sensitive
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.words import normalised

Beat = Callable[[], None]
Texts = tuple[str, ...]

_BORDER = re.compile("[" + re.escape("".join(BORDERS)) + "]")

_names: dict[int, tuple[Texts, Texts, frozenset[str]]] = {}
"""Names of a store's sensitive categories, and what they were gathered from."""


def are_named(words: str, store: int = 1) -> bool:
    """Whether normalised words are a sensitive category: its path, its last level alone, or either
    of a category below it. Asks no query."""
    protected = conf.current().sensitive_categories
    if not protected or not words:
        return False
    return words in names(store) or any(is_under(words, prefix) for prefix in protected)


def names(store: int = 1) -> frozenset[str]:
    """What a visitor may call the sensitive categories that are declared or hold an item."""
    protected = conf.current().sensitive_categories
    snapshot = current_snapshot(store)
    there = snapshot.categories if snapshot is not None else ()
    known = _names.get(store)
    # The same tuples until the settings or the snapshot change.
    if known is None or known[0] is not protected or known[1] is not there:
        known = _names[store] = protected, there, frozenset(_named(protected, there))
    return known[2]


def _named(protected: Texts, there: Iterable[str]) -> Iterator[str]:
    below = (path for path in there if any(is_under(path, prefix) for prefix in protected))
    for path in (*protected, *below):
        levels = [level for level in map(normalised, _BORDER.split(path)) if level]
        yield from (normalised(path), *levels[-1:])


def forget_marked(*, beat: Beat, on_chunk: Beat | None = None) -> int:
    """Delete what the log holds of items and categories that are sensitive now; how many rows.

    What is marked after it was looked at, or taken in by a process that had not heard of it yet,
    goes so. `on_chunk` is called after each chunk that was deleted, `beat` now and then.
    """
    return sum(
        _forget_events(store, beat, on_chunk) + _forget_words(store, on_chunk)
        for store in state.stores()
    )


def _forget_events(store: int, beat: Beat, on_chunk: Beat | None) -> int:
    items = sorted(every_sensitive(store))
    gone = 0
    for since in days(Event) if items else ():
        beat()
        rows = Event.objects.using(router.db_for_write(Event)).order_by()
        rows = rows.filter(store=store, at__gte=since, at__lt=since + DAY_SECONDS)
        gone += _delete(Event, rows, "item_id", items, on_chunk)
    return gone


def days(model: type[Model]) -> Iterator[int]:
    """When each day with rows in it begins, the oldest first: what has an index of its time alone
    is looked through by days, so that no statement reads all of it."""
    rows = model._base_manager.using(router.db_for_write(model)).order_by("at")
    times = rows.values_list("at", flat=True)
    since = times.filter(at__gte=0).first()
    while since is not None:
        yield since
        since = times.filter(at__gte=since + DAY_SECONDS).first()


def _forget_words(store: int, on_chunk: Beat | None) -> int:
    told = sorted(names(store)) if conf.current().sensitive_categories else []
    intents = Intent.objects.using(router.db_for_write(Intent)).order_by()
    terms = SearchTerm.objects.using(router.db_for_write(SearchTerm)).order_by()
    # All kinds there are, because the index of words begins with them.
    intents = intents.filter(store=store, kind__in=Intent.Kind.values)
    return _delete(Intent, intents, "words", told, on_chunk) + _delete(
        SearchTerm, terms.filter(store=store), "words", told, on_chunk
    )


def _delete(
    model: type[Model],
    rows: QuerySet[Any],
    by: str,
    wanted: Sequence[object],
    on_chunk: Beat | None,
) -> int:
    gone = 0
    for start in range(0, len(wanted), REFS_AT_A_TIME):
        some = rows.filter(**{f"{by}__in": wanted[start : start + REFS_AT_A_TIME]})
        keys = sorted(some.values_list("pk", flat=True))
        gone += ageing.delete_listed(router.db_for_write(model), model, keys, on_chunk=on_chunk)
    return gone
