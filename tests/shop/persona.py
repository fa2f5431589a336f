"""How the test shop's models map onto persona_django."""

from django.db.models import Q

from persona_django import catalogue
from tests.shop.models import Gift, OrderLine, Product


@catalogue.register(Product)
class ProductItems(catalogue.ItemMap):
    title = "name"
    category = "category__path"
    brand = "brand__name"
    price = "price"
    compare_at_price = "list_price"
    available = "is_active"
    stock = "stock"
    published_at = "created"
    attributes = ("colour",)
    group = "family"
    images = "picture"
    url = "get_absolute_url"

    def queryset(self):
        return Product.objects.select_related("category", "brand")

    def visible(self, queryset, audience):
        return queryset.filter(is_active=True, stock__gt=0)


@catalogue.register(Gift)
class GiftItems(catalogue.ItemMap):
    title = "label"
    url = "get_absolute_url"

    def price(self, gift):
        return gift.cents / 100

    def published_at(self, gift):
        return None


@catalogue.register(OrderLine)
class Orders(catalogue.OrderMap):
    item, quantity = "product_id", "quantity"
    item_model = "shop.Product"
    unit_price, paid_price = "product__price", "price"
    order, customer, guest_key = "order_id", "order__user_id", "order__email"
    placed_at = "order__created"
    counts = Q(order__paid=True)
    refunded_quantity, refunded_at = "refunded", "refunded_at"
