"""Learning what is found useful after a search, and what searches lead nowhere: `search-finds`.

Nothing of anybody is read: only counts of crowds, and words that a crowd asked for. Searches that
ask for the same, see `numeric.queries`, are one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts.packing import pack_texts
from persona_django.catalogue.snapshot import Snapshot
from persona_django.catalogue.state import read_state
from persona_django.columns.read import read_queryset
from persona_django.identity.erasure import ERASURES
from persona_django.numeric.decay import half_life_weight
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.finds import Found, best_finds
from persona_django.numeric.inference import share_at_least
from persona_django.numeric.sorting import coded, distinct
from persona_django.tracking.finds import What, crowd_of, key_of, term_of_key
from persona_django.tracking.models import SearchFind, SearchTerm
from persona_django.training.evidence import Progress, family_of
from persona_django.training.similarity import Arrays

IntArray = NDArray[np.int64]

DEAD_SHARE = 0.5
"""A search leads nowhere when at least half of the visits that made it had no result, or came to
nothing; as sure as so many visits make it, so that four of five are not enough."""
MOST_QUERIES = 10_000
"""The most asked, which every process holds."""
WEIGHED_AS = {What.LOOKED: "view", What.CHOSEN: "cart_add", What.BOUGHT: "purchase"}
"""What each counts, by its key in EVENT_WEIGHTS."""
DAY = timedelta(days=1)


@dataclass
class Query:
    """All spellings of one search."""

    words: str
    """The spelling that was asked for most."""
    most: int = 0
    asked: int = 0
    dead: int = 0
    without_results: int = 0

    def add(self, words: str, asked: int, dead: int, without_results: int) -> None:
        """Count one more spelling."""
        if asked > self.most:
            self.words, self.most = words, asked
        self.asked += asked
        self.dead += dead
        self.without_results += without_results


@dataclass(frozen=True, kw_only=True)
class Searches:
    """What was read of searches, in the place of a history."""

    queries: dict[str, Query]
    """By their key, each asked for by a crowd."""
    term: IntArray
    """Of each find the number of its search; aligned with the following."""
    family: IntArray
    what: IntArray
    visitors: IntArray
    last_at: IntArray
    rows_read: int
    now: int
    seconds: float
    erasures: int = 0

    def finds(self, *what: What) -> NDArray[np.bool_]:
        """Which finds are of these kinds, and of a crowd, and of something that is sold."""
        crowd = np.array([0, *map(crowd_of, What)])[self.what]
        return np.isin(self.what, what) & (self.visitors >= crowd) & (self.family > 0)


def gather(store: int, snapshot: Snapshot, *, progress: Progress) -> Searches:
    """Read what crowds searched for and what crowds found."""
    began = time.perf_counter()
    erasures = read_state(fresh=True).get(ERASURES, 0)
    progress("reading searches", 0, 0)
    terms = SearchTerm.objects.using(router.db_for_read(SearchTerm)).filter(
        store=store, words__gt="", visitors__gte=conf.current().min_askers
    )
    told = terms.order_by("pk").values_list("words", "asked", "dead", "without_results")
    queries: dict[str, Query] = {}
    spellings = 0
    for words, *counts in told.iterator():
        spellings += 1
        if key := key_of(words):
            queries.setdefault(key, Query(words)).add(words, *counts)
    rows = SearchFind.objects.using(router.db_for_read(SearchFind)).filter(store=store, what__gt=0)
    names = ("term", "item_id", "what", "visitors", "last_at")
    term, item, what, visitors, last_at = read_queryset(
        rows.order_by("pk").values_list(*names), "i" * len(names)
    )
    return Searches(
        queries=queries,
        term=term,
        family=family_of(item, snapshot),
        what=what,
        visitors=visitors,
        last_at=last_at,
        rows_read=spellings + len(term),
        now=int(time.time()),
        seconds=time.perf_counter() - began,
        erasures=erasures,
    )


def finds_of(searches: Searches) -> Arrays:
    """Each search with what was found useful after it, and where it leads nowhere with what those
    who made it bought in the end. All there is: nothing else is learnt from it."""
    settings = conf.current()
    keys = _most_asked(searches)
    dead = _lead_nowhere([searches.queries[key] for key in keys])
    place = {term_of_key(key): row for row, key in enumerate(keys)}
    query = np.array([place.get(term, -1) for term in searches.term.tolist()], dtype=np.int64)
    useful = searches.finds(*WEIGHED_AS) & (query >= 0)
    after_all = searches.finds(What.IN_THE_END) & (query >= 0)
    after_all[after_all] = dead[query[after_all]]
    family, group_id = coded(searches.family)
    weight = _weights(searches)

    def best(rows: NDArray[np.bool_], discount: float) -> Found:
        return best_finds(
            query[rows],
            family[rows],
            weight[rows],
            searches.visitors[rows],
            k=settings.neighbours_kept,
            prior=settings.support_prior,
            discount=discount,
        )

    found = best(useful, settings.popularity_discount)
    # What is bought by everybody is what was bought in the end, and nothing better is known.
    bought = best(after_all, 0.0)
    kept = np.flatnonzero(dead | np.isin(np.arange(len(keys)), found.query))
    used = distinct(np.concatenate([found.item, bought.item]))
    told = [searches.queries[keys[row]] for row in kept.tolist()]
    key_text, key_ends = pack_texts([keys[row] for row in kept.tolist()])
    words_text, words_ends = pack_texts([one.words for one in told])
    return {
        "group_id": group_id[used],
        "key_text": key_text,
        "key_ends": key_ends,
        "words_text": words_text,
        "words_ends": words_ends,
        "asked": np.array([one.asked for one in told], dtype=np.int64),
        "is_dead": dead[kept],
        **_lists("found", found, kept, used),
        **_lists("bought", bought, kept, used),
    }


def _most_asked(searches: Searches) -> list[str]:
    """Keys in alphabetical order, of the searches that were made most."""
    by_asked = sorted(searches.queries, key=lambda key: (-searches.queries[key].asked, key))
    return sorted(by_asked[:MOST_QUERIES])


def _lead_nowhere(queries: Sequence[Query]) -> NDArray[np.bool_]:
    asked = np.array([one.asked for one in queries], dtype=np.int64)
    dead = np.array([max(one.dead, one.without_results) for one in queries], dtype=np.int64)
    return share_at_least(np.minimum(dead, asked), asked) >= DEAD_SHARE


def _weights(searches: Searches) -> NDArray[np.float64]:
    """What one visitor counts: by what they did, and by how long ago the newest crowd did it."""
    settings = conf.current()
    table, half_life = np.ones(len(What) + 1), np.full(len(What) + 1, np.inf)
    for what, name in WEIGHED_AS.items():
        table[what] = max(settings.event_weights[name], 0.0)
        is_bought = what == What.BOUGHT
        lasts = settings.purchase_half_life if is_bought else settings.interest_half_life
        half_life[what] = lasts / DAY
    age_days = (searches.now - searches.last_at) / DAY_SECONDS
    faded = half_life_weight(age_days, half_life_days=half_life[searches.what])
    return np.asarray(table[searches.what] * faded)


def _lists(name: str, found: Found, kept: IntArray, used: IntArray) -> Arrays:
    """The lists of the searches that are kept, one behind the other."""
    sizes = np.bincount(np.searchsorted(kept, found.query), minlength=len(kept))
    return {
        f"{name}_indptr": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        f"{name}_item": np.searchsorted(used, found.item).astype(np.int32),
        f"{name}_score": found.score,
        f"{name}_visitors": found.visitors,
    }
