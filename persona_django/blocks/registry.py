"""The blocks a page may ask for, by name: ours, and those a shop's `persona.py` adds."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from persona_django.blocks.reasons import CODES as REASONS
from persona_django.catalogue.declarations import Fault
from persona_django.exceptions import UnknownBlock
from persona_django.model_registry.live import POPULAR, TRENDING, VISIT_NEXT
from persona_django.ranking.base import Ranker
from persona_django.ranking.chain import Chain
from persona_django.similarity.relations import (
    BOUGHT_AFTER,
    BOUGHT_TOGETHER,
    CONTENT,
    RELATIONS,
    SIMILAR,
    VIEWED_NEXT,
    VIEWED_THEN_BOUGHT,
)
from persona_django.sources.base import Source
from persona_django.sources.neighbours import Related
from persona_django.sources.popular import (
    Newest,
    NewestNearby,
    NewestOfBrand,
    Popular,
    PopularNearby,
    PopularOfBrand,
    Trending,
)
from persona_django.sources.reorder import Reorder
from persona_django.sources.visits import VisitNext

log = logging.getLogger("persona_django.blocks")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One configured recommendation: where its candidates come from and what orders them.

    Sources stand in the order of the chain of fallbacks: the next fills what the first cannot.
    """

    slug: str
    title: str | Promise
    sources: tuple[Source, ...]
    title_of_fallbacks: str | Promise = ""
    """What stands above a slate of which the sources of the title did not give most, so that a
    heading claims no more than what is shown. Empty: the title, whatever is shown."""
    ranker: Ranker = field(default_factory=Chain)
    titled: int = 1
    """The first so many sources give what the title says."""
    kind: str = ""
    """Kind of the model version behind the first source, as the state names it."""

    def heading(self, depths: Sequence[int]) -> str:
        """What stands above slots that come from these places of the chain; 0 is the first.

        The title, where more than half of them come from the sources that it speaks of: two pairs
        and a popular thing are "Often bought together", one pair and three popular things are not.
        """
        meant = sum(depth < self.titled for depth in depths)
        falls_back = bool(depths) and 2 * meant <= len(depths)
        return str((falls_back and self.title_of_fallbacks) or self.title)

    @property
    def personal(self) -> bool:
        """Made from one shopper's own history, so nobody else may ever see it."""
        return any(source.needs_customer for source in self.sources)

    @property
    def needs_seeds(self) -> bool:
        """Starts from something: a product, or the lines of a cart."""
        return any(source.needs_seeds for source in self.sources)

    @property
    def is_about_a_seed(self) -> bool:
        """What its title says starts from a product; without one only fallbacks are left."""
        return all(source.needs_seeds for source in self.sources[: self.titled])

    @property
    def needs_visit(self) -> bool:
        """Looks at what was looked at in this visit."""
        return any(source.needs_visit for source in self.sources)

    @property
    def relations(self) -> tuple[int, ...]:
        """Relations whose neighbours of the seeds this block reads."""
        return tuple(source.relation for source in self.sources if source.relation)


KINDS = (*RELATIONS, VISIT_NEXT, TRENDING, POPULAR)
"""What a block may say that it rests on."""
FALLBACKS: tuple[Source, ...] = (
    PopularNearby(),
    PopularOfBrand(),
    Popular(),
    NewestNearby(),
    NewestOfBrand(),
    Newest(),
)
"""What stands in where a family itself is known too little: its sub-category, each category above
that, its brand, the shop; by what is popular, and where that is not enough by what is new."""

_BUILT_IN = (
    Block(
        slug="similar-items",
        title=_("Similar items"),
        title_of_fallbacks=_("You may also like"),
        sources=(
            Related(SIMILAR, name="similar", reason="similar"),
            # What is so new that nobody has come to it, and what shares few shoppers with others.
            Related(CONTENT, name="content", reason="content"),
            *FALLBACKS,
        ),
        titled=2,
        kind="similar",
    ),
    Block(
        slug="bought-together",
        title=_("Often bought together"),
        title_of_fallbacks=_("More to discover"),
        sources=(
            Related(BOUGHT_TOGETHER, name="bought-together", reason="bought-together"),
            *FALLBACKS,
        ),
        kind="bought-together",
    ),
    Block(
        slug="bought-after",
        title=_("Often bought next"),
        title_of_fallbacks=_("More to discover"),
        sources=(Related(BOUGHT_AFTER, name="bought-after", reason="bought-after"), *FALLBACKS),
        kind="bought-after",
    ),
    Block(
        slug="viewed-next",
        title=_("Others looked at next"),
        title_of_fallbacks=_("You may also like"),
        sources=(Related(VIEWED_NEXT, name="viewed-next", reason="viewed-next"), *FALLBACKS),
        kind="viewed-next",
    ),
    Block(
        slug="viewed-then-bought",
        title=_("What others bought in the end"),
        title_of_fallbacks=_("More to discover"),
        sources=(
            Related(VIEWED_THEN_BOUGHT, name="viewed-then-bought", reason="viewed-then-bought"),
            *FALLBACKS,
        ),
        kind="viewed-then-bought",
    ),
    Block(
        slug="for-you",
        title=_("For you"),
        title_of_fallbacks=_("More to discover"),
        sources=(VisitNext(), *FALLBACKS),
        kind=VISIT_NEXT,
    ),
    Block(
        slug="trending",
        title=_("Sought after right now"),
        title_of_fallbacks=_("More to discover"),
        sources=(Trending(), Popular(), Newest()),
        kind=TRENDING,
    ),
    Block(
        slug="popular",
        title=_("Popular"),
        title_of_fallbacks=_("More to discover"),
        sources=(Popular(), Newest()),
        kind=POPULAR,
    ),
    Block(slug="new-arrivals", title=_("New arrivals"), sources=(Newest(),)),
    # No fallbacks: what others buy is no answer to "what did I buy".
    Block(slug="reorder", title=_("Buy again"), sources=(Reorder(),)),
)

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 60
"""The slug stands in every token of the block's slots."""


class Registry:
    """The blocks of one project: ours, and those that every app's `persona.py` adds."""

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {block.slug: block for block in _BUILT_IN}
        self.found: list[Fault] = []

    def add(self, block: Any) -> None:
        """Take in one block, or note what is wrong with it."""
        name = repr(getattr(block, "slug", block))[:80]
        wrong = list(_wrong_with(block, self.blocks))
        for text, advice in wrong:
            self.found.append(
                Fault(id="persona.E025", message=f"The block {name} {text}.", hint=advice)
            )
            log.error("The block %s %s. %s", name, text, advice)
        if not wrong:
            self.blocks[block.slug] = block


_registry = Registry()


@contextmanager
def isolated() -> Iterator[Registry]:
    """Only our own blocks for as long as this lasts; for tests of a shop's."""
    global _registry
    before, _registry = _registry, Registry()
    try:
        yield _registry
    finally:
        _registry = before


def register_block(block: Block) -> Block:
    """Add a block of the shop's own, in its `persona.py`; pages then ask for it by its slug.

    Does not raise into the shop's start: a block that cannot work is left out, the log says why,
    and `manage.py check` says it again.
    """
    _registry.add(block)
    return block


def faults() -> list[Fault]:
    """Everything that is wrong with blocks of the shop's own, for the system checks."""
    return list(_registry.found)


def blocks() -> dict[str, Block]:
    """Every block by its name, ours first."""
    return dict(_registry.blocks)


def block_named(slug: str) -> Block:
    """The block of a name; UnknownBlock says which may be meant, and lists the names there are."""
    found = _registry.blocks.get(slug)
    if found is None:
        name = str(slug)[:60]
        close = get_close_matches(name, _registry.blocks, n=1)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        raise UnknownBlock(
            f"There is no block {name!r}. {meant}The blocks are: {', '.join(_registry.blocks)}."
        )
    return found


def _wrong_with(block: Any, known: Mapping[str, Block]) -> Iterator[tuple[str, str]]:
    """What keeps a block from working, each with what to do."""
    if not isinstance(block, Block):
        yield "is no block", "Pass a Block(slug=..., title=..., sources=(...,))."
        return
    slug = block.slug
    if not (isinstance(slug, str) and _SLUG.fullmatch(slug) and len(slug) <= LONGEST_SLUG):
        yield (
            "has a name that cannot stand in an address",
            f"Use small letters, digits and single hyphens, at most {LONGEST_SLUG} of them.",
        )
    elif slug in known and not _is_alike(block, known[slug]):
        yield "has the name of another one", "Choose another slug; the first block keeps its name."
    yield from _wrong_with_titles(block)
    if not isinstance(block.ranker, Ranker):
        yield "has a ranker that is none", _instance_of("Ranker", block.ranker)
    if not isinstance(block.kind, str) or (block.kind and block.kind not in KINDS):
        yield f"rests on {block.kind!r}, which is not learnt", _one_of("kind", KINDS)
    if not isinstance(block.sources, tuple) or not block.sources:
        yield "has no sources", "List them, the first first: sources=(EditorsChoice(), Popular())."
        return
    for source in block.sources:
        yield from _wrong_with_source(source)
    if not isinstance(block.titled, int) or not 1 <= block.titled <= len(block.sources):
        yield (
            f"has a title that speaks of {block.titled!r} of its sources",
            f"titled is a number from 1 to {len(block.sources)}; leave it out for the first one.",
        )
    given = [getattr(source, "name", None) for source in block.sources]
    names = [name for name in given if isinstance(name, str)]
    if len(set(names)) < len(names):
        yield "has two sources of one name", "Give each source of a block a name of its own."


def _wrong_with_titles(block: Block) -> Iterator[tuple[str, str]]:
    for name in ("title", "title_of_fallbacks"):
        title = getattr(block, name)
        advice = f'Say what stands above it: {name}="Our editors\' choice".'
        if not isinstance(title, (str, Promise)):
            yield f"has a {name} that is no text but {title!r}", advice
            continue
        try:
            is_empty = not str(title).strip()
        except Exception as error:  # noqa: BLE001 - the shop's own lazy text may raise anything
            yield f"has a {name} that raises {type(error).__name__}: {error}", advice
            continue
        if is_empty and name == "title":
            yield "has no title", advice


def _wrong_with_source(source: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(source, Source):
        yield f"has the source {source!r}, which is none", _instance_of("Source", source)
        return
    said = f"has a source, {type(source).__name__},"
    if not isinstance(source.name, str) or not source.name:
        yield f"{said} without a name", 'Give its class one: name = "editors-choice".'
    if not isinstance(getattr(source, "limit", None), int) or source.limit < 1:
        yield f"{said} without a limit", "Call super().__init__(limit=100) where it is made."
    if not isinstance(source.reason, str) or (source.reason and source.reason not in REASONS):
        yield f"{said} with an unknown reason {source.reason!r}", _one_of("reason", REASONS)
    if not isinstance(source.relation, int) or source.relation not in (0, *RELATIONS.values()):
        yield f"{said} with an unknown relation", _one_of("relation", RELATIONS.values())


def _instance_of(wanted: str, given: Any) -> str:
    if isinstance(given, type):
        return f"Give it the object, with brackets: {given.__name__}()."
    return f"Write a class that inherits from {wanted}, and pass an object of it."


def _one_of(attribute: str, known: Iterable[Any]) -> str:
    return f"Leave {attribute} out, or use one of: {', '.join(map(str, known))}."


def _is_alike(block: Block, other: Block) -> bool:
    """Whether this is the same registration again: some test runners import a file twice."""
    if not isinstance(block.sources, tuple) or any(_wrong_with_titles(block)):
        return False
    return other not in _BUILT_IN and _outline(block) == _outline(other)


def _outline(block: Block) -> tuple[Any, ...]:
    kinds = [type(part).__qualname__ for part in (*block.sources, block.ranker)]
    return (str(block.title), [type(part).__module__ for part in block.sources], kinds)
