"""Building a version beside the live one, and making it live by moving one pointer.

Readers follow the pointer (a `State` row), so at every moment they see one complete version: the
old one, or the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import router, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from persona_django.catalogue.models import State
from persona_django.catalogue.state import point, read_state
from persona_django.exceptions import GateFailed, LostLease, NotReady
from persona_django.identity.erasure import ERASURES
from persona_django.model_registry.leases import Held
from persona_django.model_registry.models import Lease, ModelVersion

Status = ModelVersion.Status


def job_of(kind: str, store: int = 1) -> str:
    """Name of the lease under which versions of this kind are built and published."""
    return f"rebuild/{kind}/{store}"


def versions(kind: str, store: int = 1) -> QuerySet[ModelVersion]:
    """All versions of one kind, read where they are written."""
    return ModelVersion.objects.using(_alias()).filter(kind=kind, store=store)


def begin(held: Held, kind: str, *, store: int = 1, relation: int = 0) -> ModelVersion:
    """A new version to fill. What a dead builder left unfinished is abandoned.

    Stages that the dead one had finished are taken over, so that a job killed again and again
    still gets on; its rows are not, because it may only seem dead and write on.
    """
    work: dict[str, Any] = {}
    for left in versions(kind, store).filter(status=Status.BUILDING).order_by("id"):
        work = {**left.work, "position": 0} if left.work else work
    versions(kind, store).filter(status=Status.BUILDING).update(
        status=Status.ABANDONED, work={}, reason="Its worker died before it was complete."
    )
    return ModelVersion.objects.using(_alias()).create(
        kind=kind, store=store, relation=relation, fence=held.fence, work=work
    )


def building(held: Held, kind: str, *, store: int = 1) -> ModelVersion | None:
    """The version that a handed-over job goes on with, now under this holder's fence."""
    version = versions(kind, store).filter(status=Status.BUILDING).order_by("-id").first()
    if version is None:
        return None
    mine = versions(kind, store).filter(pk=version.pk, status=Status.BUILDING)
    if not mine.update(fence=held.fence):
        return None
    version.fence = held.fence
    return version


def stage(
    version: ModelVersion,
    *,
    held: Held,
    figures: Mapping[str, Any],
    artefact_id: int | None = None,
    reasons: Sequence[str] = (),
    usable: bool = True,
) -> ModelVersion:
    """Mark a version complete. `reasons` say in words why it should not go live by itself.

    One that is not `usable`, such as one with a score that is no number, can never go live.
    Raises LostLease for a job that was thought dead: its version was given up, its rows may be
    gone, and a version without rows must not be on offer.
    """
    change = {
        "status": Status.STAGED if usable else Status.ABANDONED,
        "figures": dict(figures),
        "artefact_id": artefact_id,
        "reason": " ".join(reasons),
        "work": {},
    }
    with transaction.atomic(using=_alias()):
        # The lease's row stays locked until the version is written: nobody takes over between.
        held.renew(surely=True)
        fill(version, held=held, **change)
    return version


def fill(version: ModelVersion, *, held: Held, **change: Any) -> None:
    """Write on a version that is being built, as long as it is this job's to build."""
    mine = versions(version.kind, version.store).filter(pk=version.pk, fence=held.fence)
    if not mine.filter(status=Status.BUILDING).update(**change):
        raise LostLease(f"Another worker has given up {version}, so what it holds is dropped.")
    for name, value in change.items():
        setattr(version, name, value)


def publish(
    version: ModelVersion, *, force: bool = False, held: Held | None = None
) -> ModelVersion:
    """Make a staged version live, or an older one live again.

    Raises GateFailed when its checks gave a reason against it, unless `force`. A job passes its
    lease and publishes only while it still holds it: pointer, status and the end of the lease
    become true together, so two workers that overlap publish once.
    """
    with sole_publisher(version.kind, version.store, held):
        version.refresh_from_db()
        if version.status not in (Status.STAGED, Status.RETIRED, Status.LIVE):
            raise GateFailed(
                f"{version} is {version.get_status_display()}, so it is not complete and cannot "
                f"go live. {version.reason}"
            )
        if version.status == Status.STAGED and version.reason and not force:
            raise GateFailed(f"{version} stays staged. {version.reason}")
        _refuse_the_erased(version, by_job=held is not None)
        if version.status != Status.LIVE:
            _make_live(version, fence=held.fence if held else None)
    return version


def roll_back(kind: str, store: int = 1) -> ModelVersion:
    """Make the version before the live one live again. Raises NotReady when there is none."""
    with sole_publisher(kind, store):
        live = read_state(store, fresh=True).get(kind, 0)
        older = versions(kind, store).filter(status=Status.RETIRED, id__lt=live)
        version = older.order_by("-id").first()
        if version is not None:
            _refuse_the_erased(version)
        if version is None:
            raise NotReady(
                f"There is no older version of {kind} to go back to. Each rebuild keeps "
                f"PERSONA['BASES_KEPT'] of them."
            )
        _make_live(version, fence=None)
    return version


def erasures_before(version: ModelVersion) -> int:
    """How many erasures there had been when the history behind a version was read."""
    return int(version.figures.get(ERASURES, 0))


def _refuse_the_erased(version: ModelVersion, *, by_job: bool = False) -> None:
    """Whoever was erased must not come back with what was learnt before.

    A job may publish what it had read when somebody was erased meanwhile, as long as the live
    version is no younger: otherwise one erasure after the other could keep it from ever getting
    through. The next rebuild, which is due sooner for it, leaves them out.
    """
    state = read_state(version.store, fresh=True)
    least = read_state(fresh=True).get(ERASURES, 0)
    if by_job:
        live = versions(version.kind, version.store).filter(pk=state.get(version.kind, 0)).first()
        least = min(least, erasures_before(live) if live is not None else 0)
    if version.status != Status.LIVE and erasures_before(version) < least:
        raise GateFailed(
            f"{version} was learnt before somebody was erased, so it does not go live any more. "
            "Learn anew: python manage.py persona_rebuild"
        )


def live_version(kind: str, store: int = 1) -> int:
    """Id of the version that pages use now; 0 before the first one."""
    return read_state(store).get(kind, 0)


@contextmanager
def sole_publisher(kind: str, store: int, held: Held | None = None) -> Iterator[None]:
    """One transaction that no other publisher of the kind runs beside; all of it or nothing."""
    alias = _alias()
    with transaction.atomic(using=alias):
        # The first statement writes: on SQLite a transaction that begins by reading may be
        # refused its first write, and elsewhere this row's lock keeps other publishers out.
        if held is not None:
            held.finish()
        else:
            name = job_of(kind, store)
            rows = Lease.objects.using(alias)
            if not rows.filter(name=name).update(note=F("note")):
                rows.bulk_create([Lease(name=name)], ignore_conflicts=True)
        yield


def _make_live(version: ModelVersion, *, fence: int | None) -> None:
    kind, store = version.kind, version.store
    if fence is None:
        # A person's decision stands beside running jobs: the next one to finish publishes on.
        pointers = State.objects.using(_alias()).filter(store=store, name=kind)
        fence = pointers.values_list("fence", flat=True).first() or version.fence
    versions(kind, store).filter(status=Status.LIVE).update(status=Status.RETIRED)
    version.status = Status.LIVE
    version.published_at = timezone.now()
    version.save(update_fields=["status", "published_at"])
    if not point(kind, version.pk, fence=fence, store=store, relation=version.relation):
        raise LostLease(f"A newer job has published {kind} already, so {version} is not used.")


def _alias() -> str:
    return router.db_for_write(ModelVersion)
