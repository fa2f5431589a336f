"""Makes the tables of a worker's shop, its products, and a history to learn from.

python -m tests.worker.filling ITEMS SHOPPERS [EACH]
"""

from __future__ import annotations

import sys
import time

import django
from django.core.management import call_command
from django.db import transaction


def fill(items: int, shoppers: int, each: int = 0) -> None:
    """Tables, products, mirror, snapshot, history: of all items, or of `each` for a shopper."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    from persona_django.catalogue.models import Item
    from persona_django.catalogue.snapshot import build_snapshot
    from persona_django.catalogue.sync import sync
    from tests.shop.models import Product

    Product.objects.bulk_create(Product(name=f"Tea {n}", price=1) for n in range(items))
    sync()
    build_snapshot()
    ids = list(Item.objects.values_list("id", flat=True))
    if not each:
        look_at_all(range(1, shoppers + 1), ids)
        return
    with transaction.atomic():
        for shopper in range(1, shoppers + 1):
            start = (shopper * each // 4) % (items - each)
            look_at_all(range(shopper, shopper + 1), ids[start : start + each])


def look_at_all(shoppers: range, item_ids: list[int]) -> None:
    """One view of every item by each of these shoppers, stored at once or not at all."""
    from persona_django.tracking.models import Event
    from persona_django.tracking.schema import Kind

    now = int(time.time())
    Event.objects.bulk_create(
        Event(shopper=shopper, uid=item, kind=Kind.VIEW, item_id=item, at=now)
        for shopper in shoppers
        for item in item_ids
    )


if __name__ == "__main__":
    django.setup()
    fill(*map(int, sys.argv[1:]))
