"""Writing down a merchant's verdict on a pair, so that every process follows it."""

from __future__ import annotations

from datetime import datetime

from django.db import router, transaction

from persona_django.catalogue import state
from persona_django.merchandising.models import PairDecision


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
    with transaction.atomic(using=alias):
        decision, _ = PairDecision.objects.using(alias).update_or_create(
            item_id=item_id,
            other_id=other_id,
            defaults={"approved": False, "reason": reason[:200], "expires_at": expires_at},
        )
        announce(store)
    return decision


def announce(store: int = 1) -> None:
    """Tell every process that decisions changed, once the surrounding transaction is kept."""
    alias = router.db_for_write(PairDecision)
    transaction.on_commit(lambda: state.bump("config", store), using=alias)
