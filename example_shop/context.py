"""What every page of the shop shows: departments, the cart's size, the banner, what is real."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from example_shop import consent, origin
from example_shop.cart import cart_of
from example_shop.categories import tree


def shop(request: HttpRequest) -> dict[str, Any]:
    """Read by base.html. Nothing for the admin, which is not part of the shop."""
    if request.path.startswith("/admin/"):
        return {}
    return {
        "shop_name": settings.SHOP_NAME,
        "departments": tree().aisles,
        "cart": cart_of(request),
        "consent_choice": consent.choice(request),
        "origin": origin.told(),
    }
