"""Takes away what is too old, of everything that is kept of visitors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import router
from django.db.models import Min, Model
from django.utils import timezone

from persona_django import conf
from persona_django.catalogue import state
from persona_django.catalogue.paced import go_on, in_chunks
from persona_django.columns import ageing
from persona_django.feedback import sensitive
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.tracking import finds, folding, retention, searches, weeks
from persona_django.tracking import sensitive as words
from persona_django.tracking.models import Event, Intent
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


def delete_old(*, beat: Beat, surely: Beat | None = None, on_chunk: OnChunk = None) -> int:
    """Delete all that is too old, and what is left of things that became sensitive, of all
    stores; how many rows went. What it says of weeks that are over is counted before.

    Killed half way, it goes on with the next run: what is left is found again. `on_chunk` is
    called after each chunk, `beat` also where there was nothing to delete, `surely` before what
    somebody who has lost the job must not do.
    """
    now = int(time.time())

    def deleted() -> None:
        beat()
        if on_chunk is not None:
            on_chunk()

    for store in state.stores():
        folding.fold(store, beat=beat, surely=surely, on_week=deleted, now=now)
    folding.note_gone(now - int(conf.current().events_kept.total_seconds()))
    gone = sum(policy.delete(now, deleted) for policy in policies())
    gone += _forget_visitors(beat, deleted)
    _forget_words(now)
    searches.forget_small()
    finds.forget_small()
    finds.forget_sensitive()
    gone += words.forget_words(on_chunk=deleted)
    gone += sensitive.forget_marked(beat=beat, on_page=on_chunk)
    return gone


def delete_some(*, seconds: float, beat: Beat, surely: Beat | None = None) -> bool:
    """Go on deleting for about so long, at least for one chunk; True when nothing is left."""
    return go_on(lambda look: delete_old(beat=beat, surely=surely, on_chunk=look), seconds=seconds)


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
    old = Visitor.objects.using(alias).filter(created_at__lt=limit).order_by("created_at")
    gone = 0
    while keys := list(old.values_list("key", flat=True)[:KEYS_AT_A_TIME]):
        for model in (Event, Intent, ServedSlate):
            gone += _delete_all_of(model, keys, on_chunk)
        gone += weeks.take_out(keys, beat=beat)
        # Last, so that they are found again by whoever goes on.
        gone += ageing.delete_listed(alias, Visitor, keys, on_chunk=on_chunk)
        beat()
    return gone


def _delete_all_of(model: type[Model], shoppers: Sequence[int], on_chunk: OnChunk) -> int:
    alias = router.db_for_write(model)
    rows = model._base_manager.using(alias).filter(shopper__in=shoppers)
    found = sorted(rows.order_by().values_list("pk", flat=True))
    return ageing.delete_listed(alias, model, found, on_chunk=on_chunk)


def _forget_words(now: int) -> None:
    """Words of searches whose visit is long over."""
    alias = router.db_for_write(Intent)
    over = now - int(WORDS_KEPT.total_seconds())
    # In no order, which the database might walk along, and not `exclude(words="")`: few rows have
    # words, and an index finds them.
    left = Intent.objects.using(alias).filter(words__gt="", at__lt=over, kind=Intent.Kind.SEARCH)
    in_chunks(
        alias,
        sorted(left.order_by().values_list("pk", flat=True)),
        lambda some: Intent.objects.using(alias).filter(pk__in=list(some)).update(words=""),
    )
