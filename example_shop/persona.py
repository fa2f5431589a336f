"""How this shop's models map onto persona_django. This file and three template tags are all."""

from django.db.models import Q

from example_shop.models import OrderLine, Product
from persona_django import catalogue


@catalogue.register(Product)
class ProductItems(catalogue.ItemMap):
    title = "name"
    category = "category__path"  # "Shoes > Trail"; several levels make several tastes
    brand = "brand__name"
    price = "price"
    compare_at_price = "list_price"  # gives discounts and "waits for sales"
    available = "is_active"  # rechecked on every render
    stock = "stock"
    margin = "margin"
    published_at = "created"
    images = "gallery"  # several: artwork can be chosen per shopper
    attributes = ("colour", "size", "season")
    group = "family"  # variants of one family
    url = "get_absolute_url"
    card_template = "shop/card.html"  # the shop's own product card inside our blocks

    def queryset(self):
        """What sync reads."""
        return Product.objects.select_related("category", "brand")

    def visible(self, queryset, audience):
        """What may be shown: nothing hidden, nothing sold out. Every audience sees the same."""
        return queryset.filter(is_active=True, stock__gt=0)


@catalogue.register(OrderLine)
class Orders(catalogue.OrderMap):
    item, quantity = "product_id", "quantity"
    unit_price, paid_price = "product__price", "price"
    order, customer, guest_key = "order_id", "order__user_id", "order__email"  # hashed at once
    placed_at = "order__created"
    counts = Q(order__paid=True)  # which lines are purchases
    refunded_quantity, refunded_at = "refunded", "refunded_at"
