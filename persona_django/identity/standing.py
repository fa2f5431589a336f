"""Whether what a visitor does may teach anything: who says so, and who may take it back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import router
from django.db.models import Count, Q, QuerySet

from persona_django import conf
from persona_django.catalogue.paced import in_chunks
from persona_django.identity.models import Standing, Visitor

LONGEST_REASON = 200


def counts() -> Q:
    """Visitors whose events teach something: they agree, came back or stayed, are no robots, and
    are not among the many that one network sent in one hour."""
    return ~does_not_count()


def does_not_count() -> Q:
    """Those whose events teach nothing. Who has no row, such as a customer of an import, is none
    of them."""
    return (
        Q(purposes="")
        | Q(standing__in=(Standing.NEW, Standing.ROBOT))
        | Q(rank__gt=conf.current().new_visitors_a_network)
    )


def qualify(keys: Collection[int]) -> int:
    """From now on these visitors count. Nothing happens to who was judged before."""
    return _change(keys, Q(standing=Standing.NEW), {"standing": Standing.QUALIFIED})


def suspect(reasons: Mapping[int, str]) -> int:
    """Take these visitors for robots, each for a reason in words. A person who said that one is
    none is believed."""
    judged = 0
    for key in sorted(reasons):
        change = {"standing": Standing.ROBOT, "reason": reasons[key][:LONGEST_REASON]}
        judged += _change([key], Q(standing__in=(Standing.NEW, Standing.QUALIFIED)), change)
    return judged


def clear(keys: Collection[int]) -> int:
    """A person says that these are no robots; no task says otherwise again. Their events count
    from the next learning on, and so do those of the past."""
    return _change(
        keys, ~Q(standing=Standing.CLEARED), {"standing": Standing.CLEARED, "reason": ""}
    )


def numbers(store: int = 1) -> dict[Standing, int]:
    """How many visitors there are of each standing."""
    rows = _visitors(router.db_for_read(Visitor)).filter(store=store).order_by()
    found = dict(rows.values_list("standing").annotate(n=Count("key")))
    return {standing: found.get(standing, 0) for standing in Standing}


def robots(store: int = 1, *, most: int) -> list[tuple[int, str]]:
    """Number and reason of those taken for robots, the newest visitors first."""
    rows = _visitors(router.db_for_read(Visitor)).filter(store=store, standing=Standing.ROBOT)
    return list(rows.order_by("-created_at", "key").values_list("key", "reason")[:most])


def over_budget(store: int = 1) -> int:
    """How many visitors do not count because their network sent so many in one hour."""
    most = conf.current().new_visitors_a_network
    rows = _visitors(router.db_for_read(Visitor))
    return rows.filter(store=store, rank__gt=most).count()


def _change(keys: Collection[int], which: Q, change: Mapping[str, object]) -> int:
    alias = router.db_for_write(Visitor)
    changed = 0

    def write(some: Collection[int]) -> None:
        nonlocal changed
        rows = _visitors(alias).filter(which, key__in=list(some))
        changed += rows.update(**change)

    in_chunks(alias, sorted(keys), write)
    return changed


def _visitors(alias: str) -> QuerySet[Visitor]:
    return Visitor.objects.using(alias)
