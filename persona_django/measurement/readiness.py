"""What works and what is missing, in words: read by `persona_status` and by the admin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from django.db import DatabaseError, router
from django.utils.timesince import timesince

from persona_django import conf
from persona_django.blocks.registry import FALLBACKS, Block, blocks
from persona_django.blocks.registry import faults as block_faults
from persona_django.catalogue import registry
from persona_django.catalogue.maps import OrderMap
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import key_text
from persona_django.catalogue.state import read_state
from persona_django.catalogue.tables import is_missing_table
from persona_django.identity.models import Visitor
from persona_django.measurement import trying
from persona_django.measurement import visitors as watched
from persona_django.model_registry import gates
from persona_django.model_registry.leases import waiting
from persona_django.model_registry.live import POPULAR, SEARCH_FINDS, TRENDING
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.plurals import counted
from persona_django.similarity.relations import RELATIONS
from persona_django.sources.base import Source
from persona_django.tracking.items import find_items
from persona_django.tracking.models import Event

SYNC = "Run: python manage.py persona_sync"
CONTENT = "content"
ESSENTIAL = ("similar", "bought-together")
"""Kinds that a shop is expected to have learnt."""
REBUILD = "Run: python manage.py persona_rebuild"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence about one thing. `ok` is False where a person should do something."""

    about: str
    text: str
    ok: bool = True


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that can be said of one store's readiness, in the order of the loop."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True when nothing waits for a person."""
        return all(finding.ok for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        """The same for a machine."""
        return {"ok": self.ok, "findings": [asdict(finding) for finding in self.findings]}


def report(store: int = 1) -> Report:
    """Look at everything that a block rests on, and ask for each block once, as a page would.

    Counts rows, so it is not for the request path.
    """
    if not conf.current().enabled:
        text = 'PERSONA["ENABLED"] is False: no query, no signal, and tags render nothing.'
        return Report(findings=(Finding(about="settings", text=text, ok=False),))
    findings = list(_registered())
    try:
        findings += [*_counted(store), *_visitors(store), *_learnt(store)]
        findings += [*_jobs(), *_blocks(store)]
    except DatabaseError as error:
        if not is_missing_table(error):
            raise
        text = "The tables are missing. Run: python manage.py migrate persona"
        findings.append(Finding(about="database", text=text, ok=False))
    return Report(findings=tuple(findings))


def _registered() -> Iterator[Finding]:
    for fault in (*registry.faults(), *block_faults()):
        yield Finding(about="persona.py", text=f"{fault.message} {fault.hint}".strip(), ok=False)
    items, orders = registry.item_maps(), registry.order_maps()
    if items:
        yield Finding(about="items", text=f"Registered: {', '.join(sorted(items))}.")
    else:
        text = (
            "No product model is registered. Write a persona.py: see README, Add it to your shop"
        )
        yield Finding(about="items", text=text, ok=False)
    if orders:
        labels = ", ".join(sorted(order_map.label for order_map in orders))
        yield Finding(about="orders", text=f"Registered: {labels}.")
    else:
        text = (
            "No order lines are registered, so nothing is learnt from purchases. Register an "
            "OrderMap in persona.py, or bring orders in with persona_import."
        )
        yield Finding(about="orders", text=text, ok=False)


def _counted(store: int) -> Iterator[Finding]:
    yield from _catalogue(store)
    for order_map in registry.order_maps():
        try:
            lines = order_map.lines().count()
            are_known = not lines or _name_items(order_map, store)
        except Exception as error:  # noqa: BLE001 - a shop's map may raise anything; it is said
            text = f"{order_map} cannot be read: {error}. `manage.py check` may say more."
            yield Finding(about="orders", text=text, ok=False)
            continue
        label = order_map.label
        found = counted(lines, f"line of {label} counts", f"lines of {label} count")
        text = f"{found} as purchases."
        if not lines:
            text += " Look at `counts` and queryset() of the map, or wait for the first order."
        elif not are_known:
            text += (
                f" None of the newest names a product of the catalogue: look at `item` of the map "
                f"({order_map.item}), which has to be the product or its key. {SYNC}"
            )
        yield Finding(about="orders", text=text, ok=lines > 0 and are_known)
    events = Event.objects.using(router.db_for_read(Event)).filter(store=store).count()
    visitors = Visitor.objects.using(router.db_for_read(Visitor)).filter(store=store).count()
    agreed = counted(visitors, "visitor")
    text = f"{counted(events, 'event')} stored, {agreed} who agreed to be recognised."
    if not events:
        policy = conf.current().consent_policy["BACKEND"].rpartition(".")[2]
        text += f" Who may be recognised is decided by {policy}."
    yield Finding(about="tracking", text=text)


def _name_items(order_map: OrderMap, store: int) -> bool:
    """Whether any of the newest lines is about something that the catalogue knows; also where it
    knows nothing yet, which is said elsewhere."""
    if not Item.objects.using(router.db_for_read(Item)).filter(store=store).exists():
        return True
    newest = order_map.lines().order_by("-pk").values_list(order_map.item, flat=True)[:SAMPLE]
    named = {(order_map.item_label, key_text(key)) for key in newest if key is not None}
    return any(find_items(list(named), store))


SAMPLE = 200
"""Lines looked at: where none of so many is known, a path is wrong, or the catalogue empty."""


def _catalogue(store: int) -> Iterator[Finding]:
    items = Item.objects.using(router.db_for_read(Item)).filter(store=store)
    listed = items.filter(retired_at__isnull=True).count()
    retired = items.filter(retired_at__isnull=False).count()
    sold = trying.on_sale(store)
    # Without a snapshot, or with one from before the last items came, the mirror alone speaks.
    on_sale = listed if sold is None else min(sold, listed)
    text = f"{on_sale:,} on sale, {retired:,} retired."
    if listed > on_sale:
        text = (
            f"{on_sale:,} on sale, {listed - on_sale:,} sold out or switched off, "
            f"{retired:,} retired."
        )
    if not listed and sold is not None:
        text += " The shop has no products, or queryset() in persona.py leaves them all out."
    elif not listed:
        text += f" {SYNC}"
    elif not on_sale:
        text += f" Look at available, stock and queryset() in persona.py. {SYNC}"
    yield Finding(about="catalogue", text=text, ok=on_sale > 0)
    if listed and sold is None:
        text = f"No snapshot of the catalogue can be read, so blocks are empty. {SYNC}"
        yield Finding(about="snapshot", text=text, ok=False)


def _visitors(store: int) -> Iterator[Finding]:
    yield Finding(about="visitors", text=watched.who_counts(store))
    if unjudged := watched.unjudged(store):
        yield Finding(about="jobs", text=unjudged, ok=False)
    if refused := watched.refused():
        yield Finding(about="refused", text=refused)
    for text, is_as_it_should_be in watched.ages():
        yield Finding(about="retention", text=text, ok=is_as_it_should_be)


def _learnt(store: int) -> Iterator[Finding]:
    versions = ModelVersion.objects.using(router.db_for_read(ModelVersion)).filter(store=store)
    for kind in kinds():
        live = versions.filter(kind=kind, status=ModelVersion.Status.LIVE).first()
        newest = versions.filter(kind=kind).order_by("-id").first()
        if live is not None:
            when = live.published_at or live.created_at
            text = f"Version {live.pk} is live since {_since(when)}: {figures_in_words(live)}."
            is_filled = gates.says_anything(live.figures)
            if not is_filled:
                text = f"{text} It is empty. {live.reason}".rstrip()
            # On a quiet day nothing is sought after more than usual.
            yield Finding(about=kind, text=text, ok=is_filled or kind == TRENDING)
        if newest is not None and newest.reason and newest != live:
            text = f"{newest} is not live: {newest.reason}"
            yield Finding(about=kind, text=text, ok=live is None and _lacks_teachers(newest))
        elif live is None:
            text = f"Nothing was learnt yet. {REBUILD}"
            yield Finding(about=kind, text=text, ok=False)


def _since(when: datetime) -> str:
    return timesince(when) if datetime.now(timezone.utc) - when >= A_MINUTE else "just now"


A_MINUTE = timedelta(minutes=1)
"""Below it "0 minutes" would say nothing."""


def _lacks_teachers(version: ModelVersion) -> bool:
    """Whether there are too few people yet from whom this could be learnt, as in a new shop: that
    is no fault of anything, and passes. Without the essential kinds hardly a block has what it
    is there for. What is found after searches waits for crowds that search for the same, and what
    texts say is for shops that have texts."""
    if version.kind in (SEARCH_FINDS, CONTENT):
        return True
    taught = version.figures.get("shoppers_with_two_items")
    if version.kind in ESSENTIAL or taught is None:
        return False
    return taught < conf.current().min_training_shoppers


def _jobs() -> Iterator[Finding]:
    for lease in Lease.objects.using(router.db_for_read(Lease)).order_by("name"):
        if what_to_do := waiting(lease):
            text = f"{lease.name} waits for a person. {what_to_do}"
            yield Finding(about="jobs", text=text, ok=False)
        elif lease.note:
            yield Finding(about="jobs", text=f"{lease.name}: {lease.note}", ok=False)
        elif lease.done_at:
            done = datetime.fromtimestamp(lease.done_at, tz=timezone.utc)
            text = f"{lease.name} last finished {timesince(done)} ago."
            yield Finding(about="jobs", text=text)


def _blocks(store: int) -> Iterator[Finding]:
    state = read_state(store, fresh=True)
    for block in blocks().values():
        if block.personal and not any(found.customer for found in registry.order_maps()):
            text = "Empty for everyone: no order map in persona.py names its `customer`."
            yield Finding(about=block.slug, text=text, ok=False)
            continue
        live = ModelVersion.objects.using(router.db_for_read(ModelVersion)).filter(
            pk=state.get(block.kind, 0)
        )
        text = block_in_words(block, live.first())
        # Of one shopper's own orders nothing can be asked without that shopper.
        why = "" if block.personal else trying.why_empty(block, store)
        if why:
            text += f" Asked for now, it is empty: {why}"
        yield Finding(about=block.slug, text=text, ok=not why)


def block_in_words(block: Block, live: ModelVersion | None) -> str:
    """What a block shows today, with this live version of its kind, and what it waits for."""
    if block.personal:
        return "Shows each signed-in shopper their own past orders."
    if not block.kind:
        return f"Shows {_in_words(block.sources)}."
    chain = _in_words(block.sources[1:])
    if live is None:
        return f"Nothing is learnt for it yet; until then it shows {chain}."
    if not gates.says_anything(live.figures):
        return f"The version that was learnt for it is empty, so it shows {chain}."
    return f"Shows what was learnt; where that is too little, {chain}."


WORDS = {
    "popular-nearby": "what is popular in the product's category, then in those above it",
    "popular-brand": "what is popular of its brand",
    "popular": "what is popular in the shop",
    "newest-nearby": "what is new in the category",
    "newest-brand": "what is new of the brand",
    "newest": "what is new in the shop",
    "content": "what is alike by its texts",
}
"""What our own sources show; those of a shop are told by their names."""


def _in_words(sources: Iterable[Source]) -> str:
    names = [source.name for source in sources]
    usual = [source.name for source in FALLBACKS]
    is_usual = names[-len(usual) :] == usual
    own = names[: -len(usual)] if is_usual else names
    words = [WORDS.get(name, name.replace("-", " ")) for name in own]
    return ", then ".join([*words, *([USUAL] if is_usual else [])])


USUAL = "what is popular, then what is new, of the product's category outwards"
"""The fallbacks of all blocks that start from a product; told once in a sentence of each."""


def kinds() -> tuple[str, ...]:
    """Every kind of model version that a block rests on or falls back to, and what searches
    teach."""
    names = {number: name for name, number in RELATIONS.items()}
    known: dict[str, None] = {}
    for block in blocks().values():
        read = [names[relation] for relation in block.relations]
        known |= dict.fromkeys([*read, *([block.kind] if block.kind else [])])
    # `popular` is a block of its own, too: each kind is told of once.
    return tuple(dict.fromkeys((*known, SEARCH_FINDS, POPULAR)))


def figures_in_words(version: ModelVersion) -> str:
    """The counts of a run that people ask for first."""
    known = [(version.figures.get(f"{name}s"), name) for name in ("shopper", "item", "pair")]
    words = [counted(count, name) for count, name in known if isinstance(count, int)]
    return ", ".join(words) or "no figures were kept"
