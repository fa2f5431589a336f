"""The one pipeline: retrieve, exclude, rank, diversify, place.

Template tags, REST, Python and previews all come through here. It reads values and the shop's
own products; it knows no request and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from persona_django.blocks.cards import Place, slot_of
from persona_django.blocks.reasons import reason_for
from persona_django.blocks.registry import Block
from persona_django.blocks.shelf import Fault, Shelf
from persona_django.blocks.values import Slate, Slot, anchor_of
from persona_django.merchandising.rules import HiddenPairs, exclude
from persona_django.plurals import counted
from persona_django.sources.base import Candidates
from persona_django.sources.neighbours import SUGGESTED
from persona_django.sources.query import Query

Sign = Callable[[str, int, int, int], str]
"""(block, item, position, version) -> token; what proves serving is known further up only."""

ByChance = Callable[[int, int, int, int], float]
"""(relation, item, other, support) -> people who would have both by chance; 0: not known."""

SPARE_SHARE = 6
"""One product in six is fetched on top, so that what just sold out costs no second query."""

PLENTY = 12
"""Proposals in excess of three slates' worth, for what rules and the shop itself leave out."""


def _unsigned(block: str, item_id: int, position: int, version: int) -> str:
    return ""


def _unheard(advice: str, error: Exception) -> None:
    raise error


@dataclass(kw_only=True)
class Stage:
    """Where slates are placed: one for a whole page, shared by its blocks."""

    shelf: Shelf
    hidden: HiddenPairs = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    """Families already shown on the page; none appears twice."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Kind of model version to the live one."""
    staff: bool = False
    """Staff read exact figures."""
    by_chance: ByChance | None = None
    """For staff only."""
    number: int = 1
    """Which block of the page is built now."""
    sign: Sign = _unsigned
    on_fault: Fault = _unheard


def build_slate(block: Block, query: Query, stage: Stage) -> Slate:
    """Answer one query with one ordered slate. Reads only; serving does the logging."""
    shortlist = shortlist_of(block, query, stage)
    slots = place(block, shortlist, query, stage, more=PLENTY + 2 * query.size)
    if len(slots) < query.size:
        whole = shortlist_of(block, query, stage, to_the_end=True)
        if len(whole) > len(shortlist):
            shortlist, slots = whole, place(block, whole, query, stage)
    if len(slots) < query.size and _is_cut(block, shortlist, query):
        visible = replace(query, among=_visible(query, stage.shelf))
        whole = shortlist_of(block, visible, stage, to_the_end=True)
        shortlist, slots = whole, place(block, whole, query, stage)
    stage.taken.update(slot.group_id for slot in slots)
    depths = _depths(block, shortlist, slots)
    return Slate(
        block=block.slug,
        title=block.heading(depths),
        slots=tuple(slots),
        fallback=max(depths, default=0),
        why_empty="" if slots else _why_empty(block, query, shortlist, stage),
        version=stage.versions.get(block.kind, 0),
        personal=block.personal,
        number=stage.number,
    )


def _is_cut(block: Block, whole: Candidates, query: Query) -> bool:
    """Whether more is on sale than was looked at, in a block that could show any of it."""
    if not any(source.is_endless for source in block.sources):
        return False
    seen, rows = len(whole) + len(_unwanted(query)), query.families.public
    if query.aisle is not None:
        rows = rows[query.families.are_in(query.aisle, rows)]
    return seen < len(rows)


def _visible(query: Query, shelf: Shelf) -> NDArray[np.bool_]:
    """Which families the shop itself names, when what would be shown first may not be seen, or is
    not wanted: none of the latter is among them, so that as much as a source proposes is left."""
    families = query.families
    among = np.zeros(len(families), dtype=bool)
    named = families.snapshot.group_of(shelf.picked())
    for groups, is_among in ((named, True), (np.array([*_unwanted(query)], np.int64), False)):
        rows = families.rows_of(groups)
        among[rows[rows >= 0]] = is_among
    return among


def _unwanted(query: Query) -> set[int]:
    """What is left out for the sake of who asks, and of what they see already."""
    return {*query.seeds, *query.cart, *query.page_items, *query.dismissed, *query.looked_at}


def shortlist_of(
    block: Block, query: Query, stage: Stage, *, to_the_end: bool = False
) -> Candidates:
    """What a block could show, best first, each family once."""
    candidates = retrieve(block, query, to_the_end=to_the_end)
    allowed = exclude(candidates, query, stage.hidden)
    return diversify(block.ranker.rank(allowed, query))


def retrieve(block: Block, query: Query, *, to_the_end: bool = False) -> Candidates:
    """What the block's sources propose, asked in the order of its chain.

    Fallbacks are not asked where the sources before them proposed plenty, except `to_the_end`.
    """
    plenty = PLENTY + 3 * query.size
    found: list[Candidates] = []
    for source in block.sources:
        candidates = _of_the_aisle(source.retrieve(query), query)
        if len(candidates):
            found.append(candidates)
            if not to_the_end and sum(map(len, found)) >= plenty:
                break
    if not found:
        return Candidates.empty()
    return Candidates.join(found) if len(found) > 1 else found[0]


def _of_the_aisle(candidates: Candidates, query: Query) -> Candidates:
    """Those of the category that the block was asked for, where it was for one."""
    if query.aisle is None or not len(candidates):
        return candidates
    rows = query.families.rows_of(candidates.item_id)
    return candidates.take(query.families.are_in(query.aisle, rows))


def diversify(ranked: Candidates) -> Candidates:
    """Each family once, in its best place."""
    first: dict[int, int] = {}
    for row, family in enumerate(ranked.item_id.tolist()):
        first.setdefault(family, row)
    return ranked if len(first) == len(ranked) else ranked.take(np.array([*first.values()]))


def first_choice(
    shortlist: Candidates, query: Query, stage: Stage, *, claimed: set[int]
) -> list[int]:
    """Items to look up so that a slate can most likely be filled without a second query.

    `claimed` are families that blocks before this one will most likely show.
    """
    spare = max(1, query.size // SPARE_SHARE)
    wanted = [g for g in shortlist.item_id.tolist() if g not in claimed and g not in stage.taken]
    claimed.update(wanted[: query.size])
    return _members(shortlist, wanted[: query.size + spare], query, most=2)


def _members(
    shortlist: Candidates, groups: list[int], query: Query, *, most: int | None
) -> list[int]:
    """Item ids of families, best ones first; the very item where one is asked for."""
    very = dict(zip(shortlist.item_id.tolist(), shortlist.item.tolist(), strict=True))
    members = query.families.members
    return [
        item
        for group in groups
        for item in ((very[group],) if very[group] else members(group)[:most])
    ]


def place(
    block: Block, shortlist: Candidates, query: Query, stage: Stage, *, more: int | None = None
) -> list[Slot]:
    """The slots, filled from the top with what the shop itself would show right now.

    What vanished since the snapshot makes room for the next best. Only when that leaves a slate
    short are further products of the shortlist looked up, once, `more` at most.
    """
    if not len(shortlist):
        return []
    stage.shelf.fetch(first_choice(shortlist, query, stage, claimed=set()))
    slots = _fill(block, shortlist, query, stage)
    if len(slots) < query.size:
        groups = [group for group in shortlist.item_id.tolist() if group not in stage.taken]
        items = _members(shortlist, groups, query, most=None)
        missing = [item_id for item_id in items if not stage.shelf.has_asked(item_id)][:more]
        if missing:
            stage.shelf.fetch(missing)
            slots = _fill(block, shortlist, query, stage)
    return slots


def _fill(block: Block, shortlist: Candidates, query: Query, stage: Stage) -> list[Slot]:
    slots: list[Slot] = []
    version = stage.versions.get(block.kind, 0)
    codes, relations = _reason_codes(block, shortlist), _relations(block, shortlist)
    for group_id, very_item, because, source, level, support, support_of in zip(
        shortlist.item_id.tolist(),
        shortlist.item.tolist(),
        shortlist.because.tolist(),
        shortlist.source.tolist(),
        shortlist.level.tolist(),
        shortlist.support.tolist(),
        shortlist.support_of.tolist(),
        strict=True,
    ):
        if group_id in stage.taken:
            continue
        item_ids = (very_item,) if very_item else query.families.members(group_id)
        item_id = next((one for one in item_ids if one in stage.shelf), 0)
        if not item_id:
            continue
        position = len(slots) + 1
        chance = 0.0
        if stage.by_chance is not None and support_of:
            chance = stage.by_chance(relations[source], because, group_id, support)
        here = Place(
            position=position,
            item_id=item_id,
            group_id=group_id,
            reason=reason_for(
                codes[source],
                level=shortlist.levels[level],
                support=support,
                support_of=support_of,
                by_chance=chance,
                staff=stage.staff,
            ),
            token=stage.sign(block.slug, item_id, position, version),
            slate=anchor_of(block.slug, stage.number),
        )
        slot = slot_of(*stage.shelf[item_id], here, on_fault=stage.on_fault)
        if slot is not None:
            slots.append(slot)
            if len(slots) == query.size:
                break
    return slots


def _reason_codes(block: Block, shortlist: Candidates) -> list[str]:
    codes = {SUGGESTED: SUGGESTED, **{source.name: source.reason for source in block.sources}}
    return [codes.get(name, "") for name in shortlist.sources]


def _relations(block: Block, shortlist: Candidates) -> list[int]:
    relations = {source.name: source.relation for source in block.sources}
    return [relations.get(name, 0) for name in shortlist.sources]


def _depths(block: Block, shortlist: Candidates, slots: list[Slot]) -> list[int]:
    """For each slot, which source of its block's chain it comes from; 0 is the first."""
    depth_of = {source.name: depth for depth, source in enumerate(block.sources)}
    proposed = dict(zip(shortlist.item_id.tolist(), shortlist.source.tolist(), strict=True))
    # A source that gives its proposals another's name claims no heading with them.
    last = len(block.sources) - 1
    depth_of.setdefault(SUGGESTED, min(block.titled, last))
    return [depth_of.get(shortlist.sources[proposed[slot.group_id]], last) for slot in slots]


def _why_empty(block: Block, query: Query, shortlist: Candidates, stage: Stage) -> str:
    """Why a block has nothing to show, and what to do, for whoever builds the page."""
    if block.personal and (query.own is None or not len(query.own)):
        return f"{block.slug} shows this shopper's own orders, and there are none yet."
    on_sale = int(np.count_nonzero(query.families.on_sale))
    is_behind = stage.versions.get("catalogue", 0) > query.families.snapshot.revision
    if is_behind and on_sale <= 1:
        return (
            "The catalogue has changed since its last snapshot, in which "
            f"{'one product was' if on_sale else 'nothing was'} on sale. Wait for the worker, "
            "or run: python manage.py persona_sync"
        )
    if not on_sale:
        return (
            "Nothing in the catalogue is on sale. Look at available, stock and queryset() in "
            "persona.py, then run: python manage.py persona_sync"
        )
    if query.aisle is not None and query.aisle.code < 0:
        return (
            "There is no product in this category. Write its path as the item map gives it, from "
            f"the top: {query.families.snapshot.categories[:3]}."
        )
    here = np.array(sorted({*query.seeds, *query.page_items}), dtype=np.int64)
    rows = query.families.rows_of(here)
    if on_sale == 1 and query.families.on_sale[rows[rows >= 0]].any():
        return "There is only this product on sale, and nothing to show beside it."
    if not len(shortlist):
        return (
            "Everything this block could show is left out: it is in the cart, on this page, "
            "dismissed by this shopper, looked at in this visit, hidden by a merchant, sensitive, "
            "or not on sale."
        )
    return (
        f"{counted(len(shortlist), 'item')} could be shown, but the shop's own products gave none "
        "of them: visible(), available and stock in persona.py leave them out for this audience, "
        "or the page shows them already."
    )
