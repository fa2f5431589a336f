"""The blocks a page may ask for, by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from persona_django.exceptions import UnknownBlock
from persona_django.ranking.base import Ranker
from persona_django.ranking.chain import Chain
from persona_django.similarity.relations import BOUGHT_TOGETHER, SIMILAR
from persona_django.sources.base import Source
from persona_django.sources.neighbours import Related
from persona_django.sources.popular import Newest, NewestNearby, Popular, PopularNearby
from persona_django.sources.reorder import Reorder


@dataclass(frozen=True, kw_only=True)
class Block:
    """One configured recommendation: where its candidates come from and what orders them.

    Sources stand in the order of the chain of fallbacks: the next fills what the first cannot.
    """

    slug: str
    title: str | Promise
    sources: tuple[Source, ...]
    title_of_fallbacks: str | Promise = ""
    """What stands above a slate in which nothing comes from the first source, so that a heading
    claims no more than what is shown. Empty: the title, whatever is shown."""
    ranker: Ranker = field(default_factory=Chain)
    kind: str = ""
    """Kind of the model version behind the first source, as the state names it."""

    @property
    def personal(self) -> bool:
        """Made from one shopper's own history, so nobody else may ever see it."""
        return any(source.needs_customer for source in self.sources)

    @property
    def needs_seeds(self) -> bool:
        """Starts from something: a product, or the lines of a cart."""
        return any(source.needs_seeds for source in self.sources)

    @property
    def relations(self) -> tuple[int, ...]:
        """Relations whose neighbours of the seeds this block reads."""
        return tuple(source.relation for source in self.sources if source.relation)


FALLBACKS: tuple[Source, ...] = (PopularNearby(), Popular(), NewestNearby(), Newest())

_BUILT_IN = (
    Block(
        slug="similar-items",
        title=_("Similar items"),
        title_of_fallbacks=_("You may also like"),
        sources=(Related(SIMILAR, name="similar", reason="similar"), *FALLBACKS),
        kind="similar",
    ),
    Block(
        slug="bought-together",
        title=_("Often bought together"),
        title_of_fallbacks=_("You may also like"),
        sources=(
            Related(BOUGHT_TOGETHER, name="bought-together", reason="bought-together"),
            *FALLBACKS,
        ),
        kind="bought-together",
    ),
    # No fallbacks: what others buy is no answer to "what did I buy".
    Block(slug="reorder", title=_("Buy again"), sources=(Reorder(),)),
)

_blocks: dict[str, Block] = {block.slug: block for block in _BUILT_IN}


def blocks() -> dict[str, Block]:
    """Every block by its name."""
    return dict(_blocks)


def block_named(slug: str) -> Block:
    """The block of a name; UnknownBlock lists the names there are."""
    found = _blocks.get(slug)
    if found is None:
        raise UnknownBlock(
            f"There is no block {str(slug)[:60]!r}. The blocks are: {', '.join(_blocks)}."
        )
    return found
