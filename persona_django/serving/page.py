"""Everything one page needs, read together: its blocks share the queries and repeat no item.

Lives on the request, or for one answer where there is none. Before the response it costs at most
one query for state and neighbours, one for what a visitor who agreed said before, one for the
signed-in shopper's own orders where a block shows them, and one of the shop's products for each
product model.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from persona_django import conf
from persona_django.blocks.pipeline import Stage, build_slate, first_choice, shortlist_of
from persona_django.blocks.registry import block_named, blocks
from persona_django.blocks.shelf import Shelf
from persona_django.blocks.values import Slate
from persona_django.catalogue.snapshot import Snapshot
from persona_django.catalogue.state import fresh_state
from persona_django.exceptions import Resting
from persona_django.feedback.tokens import sign_slot
from persona_django.identity.shoppers import known_user
from persona_django.serving.ahead import any_block, usual
from persona_django.serving.asker import Asker
from persona_django.serving.asks import Ask, Seed
from persona_django.serving.faults import Faults
from persona_django.serving.knowledge import Knowledge, knowledge_of, last_known
from persona_django.serving.recall import Habit, recall
from persona_django.similarity.chance import pair_by_chance
from persona_django.similarity.lookup import neighbours_of
from persona_django.sources.query import Query
from persona_django.tracking.ingest import named_item
from persona_django.tracking.orders import OwnPurchases, own_purchases
from persona_django.tracking.pages import DIFFERS, PERSONAL
from persona_django.tracking.recent import dismissed_families, recent_of

if TYPE_CHECKING:
    from persona_django.identity.shoppers import Shopper
    from persona_django.similarity.packing import NeighbourList

Pair = tuple[int, int]
"""A relation and the family whose neighbours in it are wanted."""


REST = "persona_django.api"
"""Where our own views are, named rather than imported: not every shop has REST framework."""


class Page:
    """The blocks of one page, or one block asked for by itself."""

    def __init__(self, who: HttpRequest | Shopper | None) -> None:
        self.asker = Asker(who)
        self.name = _name_of(who)
        self._is_unheard_of = bool(self.name) and not recall.knows(self.name)
        self.item: tuple[Seed, ...] = ()
        """What the page is about, as soon as something said so."""
        self._start: tuple[Seed, ...] = ()
        """What most of its blocks start from: its item, or all lines of a cart."""
        self._known: Knowledge | None = None
        self._stage: Stage | None = None
        self._neighbours: dict[Pair, NeighbourList] = {}
        self._looked_up: set[Pair] = set()
        self._named: dict[tuple[tuple[Seed, ...], int], tuple[int, ...]] = {}
        self._own: OwnPurchases | None = None
        self._own_read = False
        self._dismissed: frozenset[int] = frozenset()
        """Families that this visitor does not want to see."""
        self._recent_read = 0
        """1: what this visitor said was read; 2: what they looked at, too."""
        self._looked_at: tuple[int, ...] = ()
        """Families that this visitor looked at in this visit."""
        self._announced: list[Ask] = []
        self._prepared: list[tuple[Ask, Slate]] = []
        self._shown = 0
        self._faults = Faults()

    def slate(self, ask: Ask) -> Slate:
        """The answer to one block of this page. Raises what goes wrong; the edge handles it."""
        block = block_named(ask.slug)
        self.item = self.item or self._item_named_elsewhere() or ask.seeds[:1]
        self._start = self._start or ask.seeds or self.item
        self._note(ask)
        if block.personal or conf.current().account_of:
            self._vary_by_cookie()
        if block.personal and self.asker.user is None:
            return Slate(
                block=block.slug,
                title=str(block.title),
                why_empty="It shows a signed-in shopper's own orders, and nobody is signed in.",
                personal=True,
            )
        stage, known = self._open(ask)
        if block.personal:
            self._keep_private()
            # Not before the page has read anything: that brings the state up to date as well.
            if self.asker.is_left_alone:
                return Slate(
                    block=block.slug,
                    title=str(block.title),
                    why_empty="It shows a signed-in shopper's own orders, and this "
                    "one wants to be left alone.",
                    personal=True,
                )
            self._read_own()
        if block.needs_visit and self.asker.visitor is not None:
            # Whoever agreed is shown something else with each page that they look at.
            self._keep_private()
        stage.staff = self.asker.is_staff
        stage.by_chance = partial(pair_by_chance, stage.versions) if stage.staff else None
        if stage.staff or self.asker.account is not None:
            # Exact figures, or what one company sees, must not be kept and shown to everybody.
            self._keep_private()
        # Not a method, by which most pages would hold themselves.
        public = partial(sign_slot, store=self.asker.store)
        stage.sign = self._personal_token if block.personal else public
        self._shown = stage.number = self._shown + 1
        slate = build_slate(block, self._query(ask, known), stage)
        return slate or self._faults.explain(slate, known)

    def _item_named_elsewhere(self) -> tuple[Seed, ...]:
        """What the shop's view said with `viewed(request, product)`, if it did."""
        request = self.asker.request
        named = named_item(request) if request is not None else None
        return (named,) if named else ()

    def _keep_private(self) -> None:
        """Have Django's own cache and, by our middleware, all others not store this page."""
        request = self.asker.request
        if request is not None:
            request.__dict__[PERSONAL] = True
            # Read by `cache_page` and by the cache of whole sites, before our middleware runs.
            request.__dict__["_cache_update_cache"] = False

    def _vary_by_cookie(self) -> None:
        """Have the middleware say that others who ask for this page are shown another one."""
        request = self.asker.request
        if request is not None:
            request.__dict__[DIFFERS] = True

    # -- computed beforehand -----------------------------------------------------------------

    def announce(self, asks: Iterable[Ask]) -> None:
        """Say which blocks will be asked for, so that the first one reads for all of them."""
        known = blocks()
        self._announced = [ask for ask in asks if ask.slug in known]

    def keep_prepared(self, answers: Iterable[tuple[Ask, Slate]]) -> None:
        """Keep answers until their tags are rendered."""
        self._prepared += answers

    def take_prepared(self, ask: Ask) -> Slate | None:
        """The next answer that was prepared for this, cut to the size its tag asks for.

        A tag may leave out the seeds and the cart that `prepare` was told.
        """
        for prepared in self._prepared:
            if ask.is_answered_by(prepared[0]):
                self._prepared.remove(prepared)
                return replace(prepared[1], slots=prepared[1].slots[: ask.size])
        return None

    # -- reading ahead -----------------------------------------------------------------------

    def _open(self, ask: Ask) -> tuple[Stage, Knowledge]:
        """Read what this block needs; with the page's first block, what all of them will need."""
        if self._stage is not None and self._known is not None:
            self._look_up([ask], self._known)
            self._read_recent([ask], self._known)
            return self._stage, self._known
        asks = [ask, *self._expected(ask)]
        before = last_known(self.asker.store)
        state = fresh_state(self.asker.store)
        if before is not None:
            # First of all, because this one query also brings the state up to date.
            self._look_up(asks, before)
        known = self._known = knowledge_of(self.asker.store)
        if before is None or before.snapshot is not known.snapshot:
            # The snapshot was one query. If the state was another, a product that is as new as
            # the snapshot has its neighbours on the next page.
            self._look_up(asks, known, asking=before is None or known.versions is state)
        self._read_recent(asks, known)
        stage = self._stage = Stage(
            shelf=Shelf(known.snapshot, self.asker.audience, on_fault=self._faults),
            hidden=known.hidden,
            versions=known.versions,
            on_fault=self._faults,
        )
        if len(asks) > 1:
            self._stock(asks, stage, known)
        return stage, known

    def _expected(self, ask: Ask) -> list[Ask]:
        """The blocks that this page will ask for after its first one, as announced or usual."""
        if self._announced:
            return [other for other in self._announced if other != ask]
        if self._is_unheard_of:
            request = self.asker.request
            is_known = request is not None and known_user(request) is not None
            return any_block(ask, self._start, personal=is_known)
        return usual(self.name, ask, self._start)

    def _note(self, ask: Ask) -> None:
        # Only what starts from the same can be expected of the next page of the same view.
        if self.name and ask.category:
            # The next one is of another category; but that there are such pages is known.
            recall.meet(self.name)
        elif self.name and ask.seeds in ((), self._start):
            recall.note(self.name, Habit(ask.slug, ask.size, bool(ask.seeds)))

    def _look_up(self, asks: Iterable[Ask], known: Knowledge, *, asking: bool = True) -> None:
        """Fetch the neighbours of all seeds at once; those already here cost nothing.

        Without `asking` those that are not here count as if there were none.
        """
        wanted = {
            (relation, family)
            for ask in asks
            for relation in block_named(ask.slug).relations
            for family in self._families(ask.seeds, known.snapshot)
        } - self._looked_up
        if wanted and asking:
            found = neighbours_of(
                sorted({family for _, family in wanted}),
                store=self.asker.store,
                relations=sorted({relation for relation, _ in wanted}),
            )
            self._neighbours.update(found)
        self._looked_up |= wanted

    def _stock(self, asks: Iterable[Ask], stage: Stage, known: Knowledge) -> None:
        """Fetch the products that all blocks will most likely show, in one query a model."""
        claimed: set[int] = set()
        wanted: list[int] = []
        for ask in asks:
            block = block_named(ask.slug)
            try:
                if block.personal:
                    self._read_own()
                query = self._query(ask, known)
                shortlist = shortlist_of(block, query, stage)
                wanted += first_choice(shortlist, query, stage, claimed=claimed)
            except DatabaseError:
                # The whole page's transaction may be spoilt: only the outer edge can put it right.
                raise
            except Exception:  # noqa: BLE001,S112 - it fails again in its own place, and is counted
                continue
        stage.shelf.fetch(wanted)

    def _read_own(self) -> None:
        user = self.asker.user
        if not self._own_read and user is not None and not self.asker.is_left_alone:
            since = timezone.now() - conf.current().reorder_history
            self._own = own_purchases(user, since=int(since.timestamp()), store=self.asker.store)
        self._own_read = True

    def _read_recent(self, asks: Iterable[Ask], known: Knowledge) -> None:
        """What this visitor said "not for me" to is shown in no block of the page; and what they
        looked at in this visit, where a block of the page wants to know."""
        visitor = self.asker.visitor
        looks = any(block_named(ask.slug).needs_visit for ask in asks)
        if visitor is None or self._recent_read >= 1 + looks:
            return
        self._recent_read = 1 + looks
        try:
            recent = recent_of(visitor, now=int(time.time()), looks=looks, store=self.asker.store)
        except Resting:
            # Shown once more rather than nothing at all; but not kept, in case it was dismissed.
            self._keep_private()
            return
        self._dismissed = dismissed_families(recent.said, known.snapshot)
        if self._dismissed:
            self._keep_private()
        looked_at = np.array(recent.looked_at, dtype=np.int64)
        self._looked_at = tuple(known.snapshot.group_of(looked_at).tolist())

    # -- values ------------------------------------------------------------------------------

    def _query(self, ask: Ask, known: Knowledge) -> Query:
        now = time.time()
        # What no request asks for, such as an e-mail, is read at another time.
        at = int(now) if self.asker.request is not None else None
        return Query(
            families=known.families,
            seeds=self._families(ask.seeds, known.snapshot),
            cart=self._families(ask.cart, known.snapshot),
            page_items=self._families(self.item, known.snapshot),
            neighbours=self._neighbours,
            popular=known.popular.within(ask.situations(at)) if known.popular else None,
            trending=known.trending_now(),
            newest=known.newest,
            own=self._own,
            # Nobody else's block knows, for only these keep their page from shared caches.
            looked_at=self._looked_at if block_named(ask.slug).needs_visit else (),
            visits=known.visits,
            dismissed=self._dismissed,
            aisle=known.families.aisle(ask.category) if ask.category else None,
            size=ask.size,
            now=now,
        )

    def _families(self, seeds: tuple[Seed, ...], snapshot: Snapshot) -> tuple[int, ...]:
        """Families of the seeds; one that no sync has read yet has none."""
        kept = self._named.get((seeds, id(snapshot)))
        if kept is None:
            items = [item for label, key in seeds if (item := snapshot.item_of(label, key))]
            groups = snapshot.group_of(items).tolist() if items else ()
            kept = self._named[seeds, id(snapshot)] = tuple(dict.fromkeys(groups))
        return kept

    def _personal_token(self, block: str, item_id: int, position: int, version: int) -> str:
        asker = self.asker
        return sign_slot(block, item_id, position, version, asker.customer, store=asker.store)


def page_of(who: HttpRequest | Shopper | None) -> Page:
    """The page of a request, the same for all of its blocks; a new one for everybody else."""
    if not isinstance(who, HttpRequest):
        return Page(who)
    page: Page | None = who.__dict__.get("_persona_page")
    if page is None:
        page = who.__dict__["_persona_page"] = Page(who)
    return page


def _name_of(who: HttpRequest | Shopper | None) -> str:
    """What pages of one kind have in common: the name or pattern of their view.

    Our REST view has none: each of its requests asks for another block, and the last one's habits
    would only be wrong guesses.
    """
    match = getattr(who, "resolver_match", None)
    if match is None or any(
        ancestor.__module__.startswith(REST) for ancestor in getattr(match.func, "cls", Page).mro()
    ):
        return ""
    return match.view_name or match.route or ""
