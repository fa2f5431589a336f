"""The shop's entry in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Names the shop `shop`, so that its products are `shop.product` in persona_django."""

    name = "example_shop"
    label = "shop"
    verbose_name = "Shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from example_shop import categories

        categories.connect()
