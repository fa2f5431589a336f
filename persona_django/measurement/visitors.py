"""What is said of visitors: who counts, what was refused, and how old the oldest rows are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import router
from django.db.models import Sum
from django.utils import timezone
from django.utils.timesince import timesince

from persona_django import conf
from persona_django.feedback import retention
from persona_django.identity import standing
from persona_django.identity.models import Standing, Visitor
from persona_django.model_registry.leases import last_done
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.plurals import counted
from persona_django.tracking.models import DropCount

DAYS_TOLD = 7
GRACE = 2
"""How many times its period a job may be late before somebody is told."""
ONE_TICK = timedelta(minutes=1)
MOST_TOLD = 8
"""Reasons that are named; the admin has all of them."""


def who_counts(store: int = 1) -> str:
    """How many visitors teach something, and why the others do not."""
    found = standing.numbers(store)
    people = found[Standing.QUALIFIED] + found[Standing.CLEARED]
    over = standing.over_budget(store)
    robots = counted(found[Standing.ROBOT], "behaves like a robot", "behave like robots")
    reasons = [
        counted(people, "counts", "count"),
        counted(found[Standing.NEW], "is", "are") + " too new to tell",
        f"{robots} (persona_robots says why)",
    ]
    if over:
        reasons.append(counted(over, "is", "are") + " more than one network may send in an hour")
    return f"{', '.join(reasons)}."


def unjudged(store: int = 1) -> str:
    """What to do where nobody judges visitors any more; empty while somebody does.

    Until then no visitor counts, and nothing they do teaches anything.
    """
    every = conf.current().derive_every
    at_the_latest = timezone.now() - GRACE * every - ONE_TICK
    waiting = Visitor.objects.using(router.db_for_read(Visitor)).filter(
        store=store, standing=Standing.NEW, created_at__lt=at_the_latest
    )
    if last_done(f"judge/{store}") >= at_the_latest.timestamp() or not waiting.exists():
        return ""
    return (
        f"Nobody has judged visitors for more than {timesince(at_the_latest)}, so nobody new "
        "counts. Run a worker and beat, or persona_run from cron: docs/operating.md."
    )


def refused() -> str:
    """What was refused or lost in the last days, most of it first; empty when nothing was."""
    since = int(time.time()) // DAY_SECONDS - DAYS_TOLD + 1
    rows = DropCount.objects.using(router.db_for_read(DropCount)).filter(day__gte=since)
    totals = rows.order_by().values_list("reason").annotate(total=Sum("n"))
    most = sorted(totals, key=lambda row: (-row[1], row[0]))
    named = [f"{n:,} {reason}" for reason, n in most[:MOST_TOLD]]
    if len(most) > MOST_TOLD:
        named.append(f"{sum(n for _, n in most[MOST_TOLD:]):,} for other reasons")
    return f"In {DAYS_TOLD} days: {', '.join(named)}." if named else ""


def ages() -> Iterator[tuple[str, bool]]:
    """How old the oldest rows are, in words, and whether that is as it should be."""
    found = list(retention.ages())
    for age in found:
        if age.is_overdue:
            yield (
                f"The oldest of the {age.name} are {age.days:,.0f} days old, but are kept for "
                f"{age.kept_days:,.4g}. Run the task persona.retention, or persona_run.",
                False,
            )
    on_time = [f"{age.name} {max(age.days, 0):,.0f}" for age in found if not age.is_overdue]
    if on_time:
        yield f"Days that the oldest rows have: {', '.join(on_time)}.", True
