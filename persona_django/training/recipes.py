"""What is learnt and how: one recipe for each kind of model version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from persona_django.model_registry.live import POPULAR
from persona_django.similarity.relations import BOUGHT_TOGETHER, SIMILAR
from persona_django.training import popularity, similarity
from persona_django.training.evidence import Evidence
from persona_django.training.similarity import Arrays


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one kind of version is made from evidence."""

    kind: str
    relation: int
    """Number of the relation whose rows it writes; 0: it is one artefact."""
    browsing: bool
    """False when only purchases teach it."""
    reduce: Callable[[Evidence], Arrays]
    crowd: str
    """What a result needs to be shown, in words, for the reason of an empty version; with
    `{support}` and `{buyers}`, the people that interest and purchases need, and `{of}`, the
    setting that says how many buyers."""


RECIPES: dict[str, Recipe] = {
    recipe.kind: recipe
    for recipe in (
        Recipe(
            kind="similar",
            relation=SIMILAR,
            browsing=True,
            reduce=similarity.rows_for_similar,
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
            crowd="the {buyers} distinct buyers that a pair of items needs ({of})",
        ),
        Recipe(
            kind=POPULAR,
            relation=0,
            browsing=True,
            reduce=popularity.popular,
            crowd="the {buyers} distinct shoppers that an item needs ({of})",
        ),
    )
}
KINDS = tuple(RECIPES)
