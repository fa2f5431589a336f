"""Takes away what is too old, of everything that is kept of visitors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import router
from django.db.models import Min, Model, Q
from django.utils import timezone

from persona_django import conf
from persona_django.catalogue.paced import in_chunks
from persona_django.columns.write import delete_rows
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.tracking import retention, searches
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.retention import OVERDUE_AFTER, OnChunk, Policy

Beat = Callable[[], None]
KEYS_AT_A_TIME = 500
WORDS_KEPT = timedelta(days=3)
"""Words that no job counted for so long are forgotten uncounted: a visit is over by then."""


@dataclass(frozen=True, kw_only=True)
class Age:
    """How old the oldest of something is, and how old it may be."""

    name: str
    days: float
    kept_days: float

    @property
    def is_overdue(self) -> bool:
        """Whether it should have gone days ago."""
        return self.days > self.kept_days + OVERDUE_AFTER / timedelta(days=1)


def delete_old(*, beat: Beat, store: int = 1, on_chunk: OnChunk = None) -> int:
    """Delete all that is too old; how many rows there were. Killed half way, it goes on with the
    next run: what is left is found again. `on_chunk` is called after each chunk, `beat` also
    where there was nothing to delete."""
    now = int(time.time())

    def deleted() -> None:
        beat()
        if on_chunk is not None:
            on_chunk()

    gone = sum(policy.delete(now, deleted) for policy in policies())
    gone += _forget_visitors(beat, deleted)
    gone += _forget_searches(now, deleted)
    searches.forget_small(store)
    return gone


def delete_some(*, seconds: float, beat: Beat, store: int = 1) -> bool:
    """Go on deleting for about so long, at least for one chunk; True when nothing is left."""
    until = time.monotonic() + seconds

    def look_at_the_clock() -> None:
        if time.monotonic() >= until:
            raise _TimeIsUp

    try:
        delete_old(beat=beat, store=store, on_chunk=look_at_the_clock)
    except _TimeIsUp:
        return False
    return True


class _TimeIsUp(Exception):
    """Stops deleting between two chunks."""


def policies() -> tuple[Policy, ...]:
    """Tables whose rows go by themselves, each with its time."""
    slates = Policy(name="slates", model=ServedSlate, kept=conf.current().events_kept)
    return (*retention.policies(), slates)


def ages() -> Iterator[Age]:
    """How old the oldest rows are, for operators."""
    now, day = time.time(), timedelta(days=1)
    for policy in policies():
        found = policy.oldest()
        if found is not None:
            days = (now - found) / day.total_seconds()
            yield Age(name=policy.name, days=days, kept_days=policy.kept / day)
    rows = Visitor.objects.using(router.db_for_read(Visitor))
    first = rows.aggregate(first=Min("created_at"))["first"]
    if first is not None:
        kept_days = conf.current().visitors_kept / day
        yield Age(name="visitors", days=(timezone.now() - first) / day, kept_days=kept_days)


def _forget_visitors(beat: Beat, on_chunk: OnChunk) -> int:
    """Who agreed so long ago that their cookie is gone is nobody any more, and what is left of
    their doings is nobody's: nothing may be kept on a consent that has run out."""
    alias = router.db_for_write(Visitor)
    limit = timezone.now() - conf.current().visitors_kept
    gone, after = 0, None
    while True:
        rows = Visitor.objects.using(alias).order_by("key")
        rows = rows if after is None else rows.filter(key__gt=after)
        page = list(rows.values_list("key", "created_at")[:KEYS_AT_A_TIME])
        if not page:
            return gone
        after = page[-1][0]
        old = [key for key, created_at in page if created_at < limit]
        if old:
            for model in (Event, Intent, ServedSlate):
                gone += _delete(model, Q(shopper__in=old), on_chunk)
            gone += _delete(Visitor, Q(key__in=old), on_chunk)
        beat()


def _forget_searches(now: int, on_chunk: OnChunk) -> int:
    """Words whose visit is long over, and terms that no crowd asked for in time."""
    alias = router.db_for_write(Intent)
    over = now - int(WORDS_KEPT.total_seconds())
    left = Intent.objects.using(alias).filter(kind=Intent.Kind.SEARCH, at__lt=over)
    keys = list(left.exclude(words="").order_by("pk").values_list("pk", flat=True))
    in_chunks(
        alias,
        keys,
        lambda some: Intent.objects.using(alias).filter(pk__in=list(some)).update(words=""),
    )
    small = Q(words="", last_at__lt=now - int(conf.current().events_kept.total_seconds()))
    return _delete(SearchTerm, small, on_chunk)


def _delete(model: type[Model], where: Q, on_chunk: OnChunk) -> int:
    """Delete in chunks, and call nobody when there is nothing to delete."""
    alias = router.db_for_write(model)
    if not model._base_manager.using(alias).filter(where).exists():
        return 0
    return delete_rows(alias, model, where, on_chunk=on_chunk)
