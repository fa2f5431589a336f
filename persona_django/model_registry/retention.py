"""Which versions are kept for rollback, and which may go."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import router
from django.db.models import Q
from django.utils import timezone

from persona_django import conf
from persona_django.catalogue.state import read_state
from persona_django.identity.erasure import ERASURES
from persona_django.model_registry.live import HOLD_VISITS
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.model_registry.publish import (
    erasures_before,
    job_of,
    sole_publisher,
    versions,
)

Status = ModelVersion.Status
VISITS_KEPT = timedelta(days=7)
"""How long a version may hold visits, or for two rebuilds where that is longer."""


def surplus(kind: str, store: int = 1) -> list[ModelVersion]:
    """Versions that nobody needs: beyond `bases_kept`, failed before the newest, or abandoned.

    The live one and the one before it always stay, also after going back: a process may follow
    the old pointer for `state_max_age`, and there must be a way back.
    """
    live = read_state(store, fresh=True).get(kind, 0)
    keep = {live}
    published = versions(kind, store).filter(status__in=(Status.LIVE, Status.RETIRED))
    ids = list(published.order_by("-id").values_list("id", flat=True))
    keep.update(ids[: max(conf.current().bases_kept, 2)])
    keep.update([pk for pk in ids if pk < live][:1])
    staged = versions(kind, store).filter(status=Status.STAGED).order_by("-id")
    keep.update(staged.values_list("id", flat=True)[:1])
    running = versions(kind, store).filter(status=Status.BUILDING, fence__gte=_fence(kind, store))
    keep.update(running.values_list("id", flat=True))
    if kind in HOLD_VISITS:
        keep -= (_of_the_erased(kind, store) | _outlived(kind, store)) - {live}
    return [version for version in versions(kind, store).order_by("id") if version.pk not in keep]


def _of_the_erased(kind: str, store: int) -> set[int]:
    """Versions that may hold what somebody did who was erased since. None of them can go live
    again, so nobody needs them."""
    # Erasures are counted once, for all stores.
    erasures = read_state(first_hand=True).get(ERASURES, 0)
    built = versions(kind, store).exclude(status=Status.BUILDING)
    return {version.pk for version in built if erasures_before(version) < erasures}


def _outlived(kind: str, store: int) -> set[int]:
    built = versions(kind, store).exclude(status=Status.BUILDING)
    return set(built.filter(created_at__lt=oldest_visits()).values_list("pk", flat=True))


def oldest_visits() -> datetime:
    """A version that holds visits and was built before this is not to be kept any more.

    What it holds was deleted from the log meanwhile, or was done by visitors who withdrew since.
    """
    kept = max(VISITS_KEPT, 2 * conf.current().rebuild_every)
    return timezone.now() - kept


def give_up_surplus(kind: str, store: int = 1) -> list[ModelVersion]:
    """Surplus versions, from now on impossible to publish, so that their rows may be deleted."""
    with sole_publisher(kind, store):
        gone = surplus(kind, store)
        ids = [version.pk for version in gone]
        given_up = versions(kind, store).filter(~Q(status=Status.ABANDONED), pk__in=ids)
        given_up.update(status=Status.ABANDONED, work={}, reason="Newer versions are kept.")
    return gone


def _fence(kind: str, store: int) -> int:
    """Lowest fence that a running job's version may carry: it follows its lease a moment later."""
    rows = Lease.objects.using(router.db_for_write(Lease)).filter(name=job_of(kind, store))
    return (rows.values_list("fence", flat=True).first() or 0) - 1
