"""Writing down a merchant's verdict on a pair, so that every process follows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from persona_django.catalogue import state
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.merchandising.models import PairDecision
from persona_django.merchandising.rules import families_in


def hide_pair(
    item_id: int,
    other_id: int,
    *,
    reason: str = "",
    expires_at: datetime | None = None,
    store: int = 1,
) -> PairDecision:
    """Never offer `other_id` beside `item_id` again, until withdrawn or expired.

    Both are family ids. Deciding twice changes the reason and the expiry, not the number of rows.
    Takes effect on the next page that any process builds after its state is a second old.
    """
    alias = router.db_for_write(PairDecision)
    pair = PairDecision.objects.using(alias).filter(item_id=item_id, other_id=other_id)
    verdict = {"approved": False, "reason": reason[:200], "expires_at": expires_at}
    with transaction.atomic(using=alias):
        # Not looked for first: SQLite refuses the first write of a transaction that began by
        # reading, where another one wrote in between.
        if not pair.update(**verdict):
            _create(alias, item_id=item_id, other_id=other_id, **verdict)
            pair.update(**verdict)
        announce(store)
        # Within it, because a colleague may take the decision back the moment it stands.
        return pair.get()


def show_pair(item_id: int, other_id: int, *, store: int = 1) -> bool:
    """Withdraw whatever hides `other_id` beside `item_id`; False when nothing does.

    Both are family ids. The pair is then offered wherever it was learnt, in as long as it takes
    to hide one.
    """
    decisions = hidden_beside(item_id, store=store).get(other_id, [])
    alias = router.db_for_write(PairDecision)
    with transaction.atomic(using=alias):
        gone, _ = PairDecision.objects.using(alias).filter(pk__in=decisions).delete()
        if gone:
            announce(store)
    return bool(gone)


def hidden_beside(family: int, *, store: int = 1) -> dict[int, list[int]]:
    """The families hidden beside one right now, each with the numbers of its decisions."""
    return hidden_now(store=store).get(family, {})


def hidden_now(*, store: int = 1) -> dict[int, dict[int, list[int]]]:
    """Each family that anything is hidden beside right now, with what `hidden_beside` says of it.

    A decision about a variant holds for its family, here as on the shop's pages.
    """
    rows = (
        PairDecision.objects.using(router.db_for_write(PairDecision))
        .filter(approved=False)
        .exclude(expires_at__lte=timezone.now())
        .values_list("pk", "item_id", "other_id")
    )
    snapshot = current_snapshot(store)
    found: dict[int, dict[int, list[int]]] = {}
    for pk, *pair in rows:
        item, other = pair if snapshot is None else families_in(snapshot, *pair)
        found.setdefault(item, {}).setdefault(other, []).append(pk)
    return found


def _create(alias: str, **fields: Any) -> None:
    """Make the row; losing the race to make it is as good as making it."""
    pair = {name: fields[name] for name in ("item_id", "other_id")}
    try:
        with transaction.atomic(using=alias):
            PairDecision.objects.using(alias).create(**fields)
    except IntegrityError:
        if not PairDecision.objects.using(alias).filter(**pair).exists():
            raise


def announce(store: int = 1) -> None:
    """Tell every process that decisions changed, once the surrounding transaction is kept."""
    alias = router.db_for_write(PairDecision)
    transaction.on_commit(lambda: state.bump("config", store), using=alias)
