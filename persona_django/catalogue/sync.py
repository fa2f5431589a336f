"""Keeps the mirror of the shop's products true: all of them by command, a few after a commit."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import router

from persona_django import conf
from persona_django.catalogue import registry, state
from persona_django.catalogue.cleaning import clean
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.mirror import Change, Mirror, release, retire
from persona_django.catalogue.models import Item
from persona_django.catalogue.reading import Plan, RawRow, plan_of
from persona_django.catalogue.refs import key_fault, key_text, own_key, refs_of
from persona_django.catalogue.reports import SyncReport, Tally
from persona_django.exceptions import BrokenMap

log = logging.getLogger("persona_django.catalogue")

__all__ = ["SyncReport", "forget_keys", "reconcile", "sync", "sync_keys", "sync_objects"]

Progress = Callable[[int, int], None]
KEYS_AT_A_TIME = 500
MOST_OF_A_NUMBER = 2**63 - 1
"""The largest key that a column of numbers holds; SQLite cannot even be asked for more."""


def sync(
    *, models: Iterable[Any] | None = None, progress: Progress | None = None, store: int = 1
) -> SyncReport:
    """Bring every registered product into the mirror, or those of the given models or labels.

    Reads the shop in pages, writes only what differs, retires what left the map's queryset and
    revives what came back. May be killed and run again at any point, also twice at once. A map
    that fails leaves its own items as they are; the others are read, then BrokenMap is raised.
    """
    chosen = (
        list(registry.item_maps().values())
        if models is None
        else [registry.map_for(model) for model in models]
    )
    tally = Tally()
    alias = router.db_for_write(Item)
    total = _count(chosen) if progress else 0
    broken: list[BrokenMap] = []
    done = 0
    for item_map in chosen:
        try:
            plan = plan_of(item_map)
            work = Pass(plan, Mirror(alias, store, item_map.label), tally)
            for page in plan.pages():
                work.take(page)
                done += len(page)
                if progress:
                    progress(done, max(total, done))
            work.leave(work.mirror.unseen())
        except BrokenMap as error:
            log.error("%s", error)
            broken.append(error)
    if models is None:
        ids = unregistered(alias, store)
        retire(alias, ids)
        tally.retired += len(ids)
    if tally.changes:
        state.bump("catalogue", store)
    if broken:
        raise broken[0]
    return tally.report()


def _count(item_maps: Iterable[ItemMap]) -> int:
    """How many products there are to read, for a progress bar."""
    total = 0
    for item_map in item_maps:
        with contextlib.suppress(BrokenMap):
            total += plan_of(item_map).queryset().count()
    return total


def reconcile(*, store: int = 1, progress: Progress | None = None) -> SyncReport:
    """Find and mend what signals missed: bulk updates, fixtures, raw SQL, a crash.

    Reads columns and compares digests, so that an unchanged catalogue costs no write.
    """
    report = sync(store=store, progress=progress)
    say_what_was_missed(report)
    return report


def say_what_was_missed(report: SyncReport) -> None:
    """Leave in the log that signals do not see everything, where that is so."""
    if report.added or report.changed or report.retired:
        log.info("Signals had missed changes of the catalogue: %s.", report.words())


def sync_objects(objs: Iterable[Any], *, store: int = 1) -> SyncReport:
    """Bring a few products into the mirror as they now stand in the database."""
    keys: dict[str, list[Any]] = {}
    for obj in objs:
        keys.setdefault(registry.map_for(obj).label, []).append(obj.pk)
    tally = Tally()
    for label, pks in keys.items():
        _sync_some(label, pks, tally, store)
    return tally.report()


def sync_keys(label: str, pks: Collection[Any], *, store: int = 1, using: str = "") -> SyncReport:
    """Bring the rows with these primary keys into the mirror; retire those that are gone.

    `using` is the database that has just committed them; a replica may not have them yet.
    """
    tally = Tally()
    _sync_some(label, list(dict.fromkeys(pks)), tally, store, using)
    return tally.report()


def forget_keys(
    label: str, pks: Collection[Any], *, store: int = 1, using: str = ""
) -> SyncReport:
    """The shop deleted these rows: their items end, and a row of the same key is a new one."""
    tally = Tally()
    alias = router.db_for_write(Item)
    refs = _refs(label, pks)
    for start in range(0, len(refs), KEYS_AT_A_TIME):
        mirror = Mirror(alias, store, label, refs=refs[start : start + KEYS_AT_A_TIME])
        release(alias, mirror.item_id.tolist())
        tally.retired += len(mirror.item_id)
    # A row that was made again under the same key within the transaction is there already.
    _sync_some(label, list(pks), tally, store, using)
    return tally.report()


def _sync_some(label: str, pks: Sequence[Any], tally: Tally, store: int, using: str = "") -> None:
    plan = plan_of(registry.map_for(label))
    alias = router.db_for_write(Item)
    for start in range(0, len(pks), KEYS_AT_A_TIME):
        some = pks[start : start + KEYS_AT_A_TIME]
        mirror = Mirror(alias, store, label, refs=_refs(label, some))
        work = Pass(plan, mirror, tally, using)
        for page in plan.pages(keys=some, using=using):
            work.take(page)
        work.leave(mirror.unseen())
    if tally.changes:
        state.bump("catalogue", store)


def _refs(label: str, pks: Iterable[Any]) -> list[int]:
    """The refs of keys that may be text still, as on an object that was made with one."""
    return refs_of(label, (own_key(label, pk) for pk in pks)).tolist()


class Pass:
    """One map's products going by: each is new, changed, unchanged or rejected."""

    def __init__(self, plan: Plan, mirror: Mirror, tally: Tally, using: str = "") -> None:
        self.plan, self.mirror, self.tally, self._using = plan, mirror, tally, using
        self.item_map: ItemMap = plan.item_map
        mirror.is_told_stock = self.item_map.declared("stock") is None
        settings = conf.current()
        self._currency = self.item_map.constant_currency() or settings.currency
        self._sensitive = tuple(settings.sensitive_categories)
        self._new: dict[int, str] = {}

    def take(self, page: Sequence[RawRow]) -> None:
        """Bring one page of the shop's products into the mirror."""
        keys = [key_text(raw.pk) for raw in page]
        refs = refs_of(self.item_map.label, keys)
        found = self.mirror.find(refs)
        fresh: list[Change] = []
        changed: list[Change] = []
        for raw, key, ref, at in zip(page, keys, refs.tolist(), found.tolist(), strict=True):
            if not self._is_first(key, ref, at):
                continue
            change = self._change(raw, key, ref)
            if change is None:
                continue
            if at < 0:
                fresh.append(change)
            elif self.mirror.digest[at] != change.digest or self.mirror.is_retired[at]:
                item_id = int(self.mirror.item_id[at])
                changed.append(Change(key, ref, change.row, change.digest, item_id))
            else:
                self.tally.unchanged += 1
        self._insert(fresh)
        self.mirror.update(changed)
        self.tally.changed += len(changed)

    def leave(self, item_ids: Iterable[int]) -> None:
        """Retire items whose rows left the queryset; end those whose rows no longer exist."""
        gone: list[int] = []
        hidden: list[int] = []
        ids = [int(item_id) for item_id in item_ids]
        for start in range(0, len(ids), KEYS_AT_A_TIME):
            keys = self.mirror.keys(ids[start : start + KEYS_AT_A_TIME])
            existing = self._existing(keys.values())
            for item_id, key in keys.items():
                (hidden if key in existing else gone).append(item_id)
        retire(self.mirror.alias, hidden)
        release(self.mirror.alias, gone)
        self.tally.retired += len(ids)

    def _existing(self, keys: Iterable[str]) -> set[str]:
        """Those keys whose rows the shop still has, shown or not."""
        model = self.item_map.model
        field: Any = model._meta.pk
        values = []
        for key in keys:
            # A key of another type is from before the shop changed it; its row is gone. What the
            # shop's validators say of a key does not matter: its row may be older than they are.
            with contextlib.suppress(ValidationError, ValueError, TypeError):
                value = field.to_python(key)
                if not (isinstance(value, int) and abs(value) > MOST_OF_A_NUMBER):
                    values.append(value)
        using = self.plan.queryset(self._using).db
        rows = model._base_manager.using(using).filter(pk__in=values)
        return {key_text(pk) for pk in rows.values_list("pk", flat=True)}

    def _is_first(self, key: str, ref: int, at: int) -> bool:
        """False for a product that came by already, as queries with joins may give it."""
        if at >= 0:
            first = not self.mirror.seen[at]
            self.mirror.seen[at] = True
            return first
        if ref in self._new:
            if self._new[ref] != key:
                self._reject(key, f"its number is taken by {self._new[ref]!a}")
            return False
        self._new[ref] = key
        return True

    def _change(self, raw: RawRow, key: str, ref: int) -> Change | None:
        fault = key_fault(key) or raw.fault
        if not fault:
            try:
                row = clean(
                    dict(zip(self.plan.names, raw.values, strict=True)),
                    label=self.item_map.label,
                    currency=self._currency,
                    sensitive_categories=self._sensitive,
                    own_key=key if self.plan.groups_by_parent else "",
                )
                return Change(key, ref, row, row.digest())
            except Exception as error:  # noqa: BLE001  (one product must not stop the others)
                plain = isinstance(error, ValueError)
                fault = str(error) if plain else f"{type(error).__name__}: {error}"
        self._reject(key, fault)
        return None

    def _insert(self, fresh: list[Change]) -> None:
        """Add new items, but none whose number belongs to another row of the shop."""
        sound: list[Change] = []
        for start in range(0, len(fresh), KEYS_AT_A_TIME):
            chunk = fresh[start : start + KEYS_AT_A_TIME]
            held = self.mirror.held([change.ref for change in chunk])
            for change in chunk:
                owner = held.get(change.ref)
                if owner is None:
                    sound.append(change)
                elif owner != (self.item_map.label, change.key):
                    self._reject(change.key, f"its number is taken by {owner[0]} {owner[1]!a}")
        self.tally.added += self.mirror.insert(sound)

    def _reject(self, key: str, reason: str) -> None:
        self.tally.reject(self.item_map.label, key, reason)


def unregistered(alias: str, store: int) -> list[int]:
    """Items on sale of models that no map describes any more."""
    if not conf.current().enabled:
        # No persona.py was read, which decides nothing.
        return []
    # With a broken persona.py a missing map may be a typing error rather than a decision.
    if any(fault.is_error for fault in registry.faults()):
        log.warning("Some maps are set aside; their items stay. Run: python manage.py check")
        return []
    known = list(registry.item_maps())
    rows = Item.objects.using(alias).filter(store=store, retired_at=None, ref__isnull=False)
    return list(rows.exclude(model__in=known).values_list("pk", flat=True))
