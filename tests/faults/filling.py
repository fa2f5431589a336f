"""Makes the tables of a fault shop, its products, and what learning would have found.

python -m tests.faults.filling PRODUCTS
"""

from __future__ import annotations

import sys

import django
from django.core.management import call_command


def fill(products: int) -> None:
    """Tables in both databases, a catalogue, its snapshot, neighbours and what is popular."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("migrate", database="persona", verbosity=0)
    from persona_django.catalogue.snapshot import build_snapshot
    from persona_django.catalogue.sync import sync
    from tests.factories import publish_neighbours, publish_popular
    from tests.shop.models import Category, Product

    tea = Category.objects.create(path="Drinks > Tea")
    Product.objects.bulk_create(
        Product(pk=n, name=f"Tea {n}", price=n, category=tea) for n in range(1, products + 1)
    )
    sync()
    build_snapshot()
    shown = list(Product.objects.order_by("pk")[:8])
    for kind in ("similar", "bought-together"):
        publish_neighbours(
            kind, {shown[0]: [(other, 0.9 - n / 10, 40) for n, other in enumerate(shown[1:])]}
        )
    publish_popular(shown)


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
