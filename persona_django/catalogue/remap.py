"""Moves items to new names when the shop changed its keys or its model: integers to UUIDs, say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connections, router, transaction
from django.db.models import F
from django.utils import timezone

from persona_django.catalogue import registry, state
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import key_fault, key_text, ref_of
from persona_django.exceptions import PersonaError

KEYS_AT_A_TIME = 500


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a remap did, or would do."""

    moved: int
    unnamed: int
    """Items of the old model that the file does not name."""
    unknown: int
    """Keys of the file that belong to no item."""
    replaced: int
    """Items already made under the new names, which gave way."""


def remap(
    old_label: str,
    new_label: str,
    keys: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
    store: int = 1,
) -> Move:
    """Give items of `old_label` the names they have now, so that what was learnt stays theirs.

    `keys` maps old keys to new ones; without it every item keeps its key. All or nothing. An item
    that a sync already made under a new name gives way to the one with the history.
    """
    new_label = registry.map_for(new_label).label
    old_label = old_label.lower()
    alias = router.db_for_write(Item)
    rows = Item.objects.using(alias).filter(store=store, model=old_label, ref__isnull=False)
    held = dict(rows.values_list("key", "pk"))
    wanted = {key: key for key in held} if keys is None else _plain(keys)
    targets = {held[old]: new for old, new in wanted.items() if old in held}
    with transaction.atomic(using=alias):
        if targets and not dry_run:
            # Written to first: SQLite refuses the first write of a transaction that began by
            # reading, where another one wrote in between.
            rows.filter(pk=min(targets)).update(digest=F("digest"))
        blocking = _blocking(alias, store, new_label, targets)
        if not dry_run:
            _move(alias, new_label, targets, blocking)
    if targets and not dry_run:
        state.bump("catalogue", store)
    return Move(
        moved=len(targets),
        unnamed=len(held) - len(targets),
        unknown=len(wanted) - len(targets),
        replaced=len(blocking),
    )


def _plain(keys: Mapping[str, str]) -> dict[str, str]:
    plain = {key_text(old): key_text(new) for old, new in keys.items()}
    for new in plain.values():
        if fault := key_fault(new):
            raise PersonaError(f"The new key {new[:60]!a} cannot be used: {fault}.")
    if len(set(plain.values())) < len(plain):
        raise PersonaError("Two old keys have the same new key; one item cannot be both.")
    return plain


def _blocking(alias: str, store: int, label: str, targets: Mapping[int, str]) -> list[int]:
    """Items that hold one of the new names and do not move away from it themselves."""
    refs = [ref_of(label, key) for key in targets.values()]
    found: list[int] = []
    for start in range(0, len(refs), KEYS_AT_A_TIME):
        some = refs[start : start + KEYS_AT_A_TIME]
        holders = Item.objects.using(alias).filter(store=store, ref__in=some)
        found += [pk for pk in holders.values_list("pk", flat=True) if pk not in targets]
    return found


def _move(alias: str, label: str, targets: Mapping[int, str], blocking: Sequence[int]) -> None:
    items = Item.objects.using(alias)
    now = timezone.now()
    leaving = [*targets, *blocking]
    # Names are given up before any is taken, so that two items may swap theirs.
    for start in range(0, len(leaving), KEYS_AT_A_TIME):
        items.filter(pk__in=leaving[start : start + KEYS_AT_A_TIME]).update(ref=None)
    for start in range(0, len(blocking), KEYS_AT_A_TIME):
        items.filter(pk__in=blocking[start : start + KEYS_AT_A_TIME]).update(
            group_ref=0, digest=0, retired_at=now
        )
    quote = connections[alias].ops.quote_name
    # A digest of 0 makes the next sync write all columns again, under the new names.
    statement = (
        f"UPDATE {quote(Item._meta.db_table)} SET {quote('model')} = %s, {quote('key')} = %s, "  # noqa: S608  (own names)
        f"{quote('ref')} = %s, {quote('digest')} = 0 WHERE {quote('id')} = %s"
    )
    with connections[alias].cursor() as cursor:
        cursor.executemany(
            statement,
            [(label, key, ref_of(label, key), pk) for pk, key in sorted(targets.items())],
        )
