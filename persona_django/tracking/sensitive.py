"""What is never kept of sensitive categories: their names among what visitors asked for, and the
same where they were not sensitive yet when it was written. For items see `feedback.sensitive`."""

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
from persona_django.tracking.items import REFS_AT_A_TIME
from persona_django.tracking.models import Intent, SearchTerm
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


def forget_words(*, on_chunk: Beat | None = None) -> int:
    """Delete what visitors asked for by names that are those of sensitive categories now; how
    many rows. `on_chunk` is called after each chunk that was deleted."""
    return sum(_forget_words(store, on_chunk) for store in state.stores())


def _forget_words(store: int, on_chunk: Beat | None) -> int:
    told = sorted(names(store)) if conf.current().sensitive_categories else []
    intents = Intent.objects.using(router.db_for_write(Intent)).order_by()
    terms = SearchTerm.objects.using(router.db_for_write(SearchTerm)).order_by()
    # All kinds there are, because the index of words begins with them.
    intents = intents.filter(store=store, kind__in=Intent.Kind.values)
    return _delete(Intent, intents, told, on_chunk) + _delete(
        SearchTerm, terms.filter(store=store), told, on_chunk
    )


def _delete(
    model: type[Model], rows: QuerySet[Any], words: Sequence[str], on_chunk: Beat | None
) -> int:
    gone = 0
    for start in range(0, len(words), REFS_AT_A_TIME):
        some = rows.filter(words__in=words[start : start + REFS_AT_A_TIME])
        keys = sorted(some.values_list("pk", flat=True))
        gone += ageing.delete_listed(router.db_for_write(model), model, keys, on_chunk=on_chunk)
    return gone
