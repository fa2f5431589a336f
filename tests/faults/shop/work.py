"""Something to do for each of our tasks, and how to tell that it was done: once, and whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import count

from persona_django.catalogue import state
from persona_django.catalogue.models import Item, State
from persona_django.catalogue.snapshot import snapshot_is_stale
from persona_django.identity.models import Restriction, Standing, Visitor
from persona_django.model_registry.models import Lease
from persona_django.model_registry.publish import live_version
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking import order_changes
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.searches import term_of
from tests.shop.models import Order, OrderLine, Product

IsDone = Callable[[], bool]
HOUR, DAY = 3_600, 86_400
_numbers = count(1_000)


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


def did(shopper: int, kind: Kind, *, at: int, order: int = 0) -> Event:
    return Event.objects.create(
        shopper=shopper, uid=next(_numbers), kind=kind, item_id=1, at=at, order=order
    )


def missed_product() -> IsDone:
    """A product of which no signal told gets its item."""
    (made,) = Product.objects.bulk_create([Product(name="Missed", price=1)])
    return lambda: Item.objects.filter(model="shop.product", key=str(made.pk)).exists()


def missed_order() -> IsDone:
    """An order of which no signal told raises the revision of the orders."""
    before = state.read_state(fresh=True).get(order_changes.REVISION, 0)
    (order,) = Order.objects.bulk_create([Order(created=datetime.now(timezone.utc))])
    OrderLine.objects.bulk_create([OrderLine(order=order, product_id=1, price=1)])
    return lambda: state.read_state(fresh=True).get(order_changes.REVISION, 0) > before


def changed_catalogue() -> IsDone:
    """A catalogue that changed gets its snapshot."""
    state.bump("catalogue")
    return lambda: not snapshot_is_stale()


def late_event_of_somebody_erased() -> IsDone:
    """What came in late of somebody who was erased goes."""
    key = next(_numbers)
    Restriction.objects.create(key=key, kind=Restriction.Kind.ERASED, at=ago(0))
    did(key, Kind.VIEW, at=ago(60))
    return lambda: not Event.objects.filter(shopper=key).exists()


def visitor_with_two_pages() -> IsDone:
    """Who opened a second page counts."""
    key = next(_numbers)
    Visitor.objects.create(key=key, purposes="measure")
    did(key, Kind.VIEW, at=ago(100))
    did(key, Kind.VIEW, at=ago(50))
    return lambda: Visitor.objects.get(key=key).standing == Standing.QUALIFIED


def search_of_a_visit_that_is_over() -> IsDone:
    """A search is counted once, and its words are forgotten."""
    key = next(_numbers)
    words = f"tea {key}"
    Visitor.objects.create(key=key, purposes="measure", standing=Standing.QUALIFIED)
    kind, at = Intent.Kind.SEARCH, ago(2 * HOUR)
    made = Intent.objects.create(shopper=key, uid=key, kind=kind, at=at, words=words)

    def is_done() -> bool:
        asked = [row.asked for row in SearchTerm.objects.filter(term=term_of(words))]
        forgotten = Intent.objects.get(pk=made.pk).words == ""
        assert asked in ([], [1]) and forgotten == bool(asked), "half of it, or twice"
        return forgotten

    return is_done


def present() -> IsDone:
    """What was bought once, weeks ago, was a present."""
    key = next(_numbers)
    Visitor.objects.create(key=key, purposes="measure", standing=Standing.QUALIFIED)
    did(key, Kind.PURCHASE, at=ago(45 * DAY), order=key)
    return lambda: Event.objects.filter(shopper=key, kind=Kind.ONE_OFF).count() == 1


def history_to_learn_from() -> IsDone:
    """What visitors looked at becomes a new live version, one stage a message."""
    # The versions that the shop was filled with were published as by a job that came long after.
    State.objects.update(fence=0)
    before = live_version("similar")
    first = next(_numbers) * 100
    Event.objects.bulk_create(
        Event(
            shopper=first + n, uid=next(_numbers), kind=Kind.VIEW, item_id=item,
            at=ago(HOUR), basis=Basis.CONSENT,
        )
        for n in range(24)
        for item in ((1, 2) if n % 2 else (3, 4))
    )  # fmt: skip
    return lambda: live_version("similar") > before


def old_event() -> IsDone:
    """What is too old goes, and what is not stays."""
    old, new = (did(next(_numbers), Kind.VIEW, at=ago(days * DAY)) for days in (100, 1))

    def is_done() -> bool:
        left = set(Event.objects.filter(pk__in=[old.pk, new.pk]).values_list("pk", flat=True))
        assert new.pk in left
        return old.pk not in left

    return is_done


def rows_of_nobody() -> IsDone:
    """Rows that a dead builder left go."""
    version = next(_numbers) * 1_000
    NeighbourRow.objects.create(version_id=version, relation=1, item_id=1, data=b"")
    return lambda: not NeighbourRow.objects.filter(version_id=version).exists()


WORK: dict[str, Callable[[], IsDone]] = {
    "persona.reconcile": missed_product,
    "persona.orders": missed_order,
    "persona.snapshot": changed_catalogue,
    "persona.erasures": late_event_of_somebody_erased,
    "persona.judge": visitor_with_two_pages,
    "persona.derive": search_of_a_visit_that_is_over,
    "persona.gifts": present,
    "persona.rebuild": history_to_learn_from,
    "persona.retention": old_event,
    "persona.prune": rows_of_nobody,
}

_asked: list[IsDone] = []


def prepare(task: str) -> None:
    """Give a task something to do, and let it be due."""
    Lease.objects.update(holder="", expires_at=0, done_at=0, attempts=0, note="")
    _asked[:] = [WORK[task]()]
    assert not is_done(), f"{task} has nothing to do"


def is_done() -> bool:
    """Whether what was prepared last is done."""
    return _asked[0]()


def waits() -> tuple[int, int]:
    """For how many seconds the longest wait of a job is, and how often the unluckiest one died."""
    rows = Lease.objects.values_list("expires_at", "attempts")
    found = [(expires_at - int(time.time()), attempts) for expires_at, attempts in rows]
    longest = max((wait for wait, _ in found), default=0)
    return longest, max((attempts for _, attempts in found), default=0)


def pass_the_time() -> None:
    """As if every job had rested for as long as it must."""
    least = timedelta(hours=1).total_seconds()
    Lease.objects.filter(expires_at__lte=time.time() + least).update(expires_at=1)
