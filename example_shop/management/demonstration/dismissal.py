"""Shows that what a shopper said "not for me" to does not come back, for them alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from example_shop.models import Product
from persona_django import recommend, track
from persona_django.identity.shoppers import Shopper

BLOCK = "similar-items"


@dataclass(frozen=True, kw_only=True)
class Dismissed:
    """What one shopper was shown beside a bestseller, before and after."""

    beside: str
    name: str
    place: int
    """In the shopper's block, before."""
    came_back: bool
    others_see_it: bool
    came_back_when_restored: bool

    def lines(self) -> list[str]:
        """The same in words."""
        after = "comes back all the same" if self.came_back else "does not come back"
        others = "goes on to see it" if self.others_see_it else "lost it, too"
        return [
            f'A shopper said "not for me" to {self.name}, number {self.place} beside '
            f"{self.beside}:",
            f"  it {after}, everybody else {others}, and taking it back "
            f"{'restores it' if self.came_back_when_restored else 'changes nothing'}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """The same for machines."""
        return dict(vars(self))


def try_out() -> Dismissed | None:
    """Look, dismiss, look again, and take it back. None where the block shows nothing."""
    product = Product.objects.filter(is_active=True, stock__gt=0).order_by("-sold", "id").first()
    shopper = Shopper(visitor=secrets.randbits(62) or 1, consented=True)
    before = _shown(shopper, product)
    if product is None or not before:
        return None
    unwanted = before[0]
    track(shopper, "dismiss", unwanted)
    after, others = _shown(shopper, product), _shown(None, product)
    track(shopper, "restore", unwanted)
    return Dismissed(
        beside=product.name,
        name=unwanted.name,
        place=1,
        came_back=unwanted in after,
        others_see_it=unwanted in others,
        came_back_when_restored=unwanted in _shown(shopper, product),
    )


def _shown(who: Shopper | None, product: Product | None) -> list[Product]:
    return [slot.product for slot in recommend(who, BLOCK, seeds=[product] if product else ())]
