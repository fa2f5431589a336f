"""What is learnt and how: one recipe for each kind of model version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from numpy.typing import NDArray

from persona_django.model_registry.live import (
    POPULAR,
    POPULAR_SCHEMA,
    SEARCH_FINDS,
    SEARCHES_SCHEMA,
    TRENDING,
    TRENDING_SCHEMA,
    VISIT_NEXT,
    VISITS_SCHEMA,
)
from persona_django.similarity.relations import (
    BOUGHT_AFTER,
    BOUGHT_TOGETHER,
    CONTENT,
    SIMILAR,
    VIEWED_NEXT,
    VIEWED_THEN_BOUGHT,
)
from persona_django.training import afterwards, content, looking, popularity, searching, similarity
from persona_django.training.similarity import Arrays, Beat

SUPPORT, BUYERS = frozenset({"min_support"}), frozenset({"min_buyers"})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one kind of version is made from evidence."""

    kind: str
    relation: int
    """Number of the relation whose rows it writes; 0: it is one artefact."""
    browsing: bool
    """False when only purchases teach it, or nothing that shoppers did."""
    reduce: Callable[[Any], Arrays]
    """What matters of the `Evidence`, or of what `gather` reads."""
    learn: Callable[[Mapping[str, NDArray[Any]], Beat], Arrays] | None
    """What makes neighbours of it; None where what was reduced is all there is."""
    gather: Callable[..., Any] | None = None
    """Reads what teaches it; None: what shoppers did, as `Evidence`."""
    of_the_catalogue: bool = False
    """Whether what the shop says about its products teaches it, and not what shoppers did."""
    by_day: bool = False
    """Whether it is enough to know on which days something was done: then weeks of which no more
    is known teach it, too."""
    looks_back: timedelta | None = None
    """How far back what teaches it goes; None: all there is."""
    every: timedelta | None = None
    """Learnt so often where that is more often than the shop asks for."""
    schema: int = 0
    """Layout of its one artefact, in which `group_id` is what it speaks of; 0: it writes rows."""
    heeds: frozenset[str]
    """Settings that say how many people must stand behind what it learns."""
    crowd: str
    """What a result needs to be shown, in words, for the reason of an empty version; with
    `{support}` and `{buyers}`, the people that interest and purchases need, and `{of}`, the
    setting that says how many buyers."""

    @property
    def is_fleeting(self) -> bool:
        """Whether it is of today alone: then an empty version is as good as any, and nothing of
        the one before need be in it."""
        return self.looks_back is not None


RECIPES: dict[str, Recipe] = {
    recipe.kind: recipe
    for recipe in (
        Recipe(
            kind="similar",
            relation=SIMILAR,
            browsing=True,
            by_day=True,
            reduce=similarity.rows_for_similar,
            learn=similarity.learn,
            heeds=SUPPORT | BUYERS,
            crowd=(
                "the {support} visitors (MIN_SUPPORT) or {buyers} buyers ({of}) that a pair "
                "of items needs"
            ),
        ),
        Recipe(
            kind="bought-together",
            relation=BOUGHT_TOGETHER,
            browsing=False,
            reduce=similarity.rows_for_bought_together,
            learn=similarity.learn,
            heeds=SUPPORT | BUYERS,
            crowd="the {buyers} distinct buyers that a pair of items needs ({of})",
        ),
        Recipe(
            kind="bought-after",
            relation=BOUGHT_AFTER,
            browsing=False,
            reduce=afterwards.steps_of_orders,
            learn=afterwards.learn,
            heeds=SUPPORT | BUYERS,
            crowd="the {buyers} distinct buyers that a pair of items, one ordered after the "
            "other, needs ({of})",
        ),
        Recipe(
            kind="viewed-next",
            relation=VIEWED_NEXT,
            browsing=True,
            reduce=looking.steps_of_visits,
            learn=looking.learn_viewed_next,
            heeds=SUPPORT,
            crowd="the {support} visitors (MIN_SUPPORT) that a pair of items, one looked at after "
            "the other, needs",
        ),
        Recipe(
            kind="viewed-then-bought",
            relation=VIEWED_THEN_BOUGHT,
            browsing=True,
            reduce=looking.steps_to_purchases,
            learn=looking.learn_viewed_then_bought,
            heeds=SUPPORT | BUYERS,
            crowd="the {buyers} distinct buyers that a pair of items, one looked at and then the "
            "other bought, needs ({of})",
        ),
        Recipe(
            kind="content",
            relation=CONTENT,
            browsing=False,
            gather=content.gather,
            of_the_catalogue=True,
            reduce=content.vectors_of,
            learn=content.learn,
            heeds=frozenset(),
            crowd="the word, brand, category or attribute that two items must have in common (by "
            "`text`, `brand`, `category` and `attributes` of the item map)",
        ),
        Recipe(
            kind=VISIT_NEXT,
            relation=0,
            browsing=True,
            reduce=looking.whole_visits,
            learn=looking.learn_visit_next,
            schema=VISITS_SCHEMA,
            heeds=SUPPORT,
            crowd="the two looks in one visit that others can be compared with",
        ),
        Recipe(
            kind=SEARCH_FINDS,
            relation=0,
            browsing=True,
            gather=searching.gather,
            reduce=searching.finds_of,
            learn=None,
            schema=SEARCHES_SCHEMA,
            heeds=frozenset({"min_askers"}) | SUPPORT | BUYERS,
            crowd="the crowd that has to search for the same (MIN_ASKERS), with {support} "
            "visitors (MIN_SUPPORT) who find the same after it",
        ),
        Recipe(
            kind=TRENDING,
            relation=0,
            browsing=True,
            reduce=popularity.trending_now,
            learn=None,
            looks_back=timedelta(days=popularity.READ_DAYS),
            every=timedelta(hours=1),
            schema=TRENDING_SCHEMA,
            heeds=BUYERS,
            crowd="the {buyers} distinct shoppers of one day that an item needs ({of})",
        ),
        Recipe(
            kind=POPULAR,
            relation=0,
            browsing=True,
            reduce=popularity.popular,
            learn=None,
            schema=POPULAR_SCHEMA,
            heeds=BUYERS,
            crowd="the {buyers} distinct shoppers that an item needs ({of})",
        ),
    )
}
KINDS = tuple(RECIPES)
