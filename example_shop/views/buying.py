"""Cart and checkout."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

import persona_django
from example_shop.cart import MOST_PIECES, cart_of
from example_shop.checkout import SoldOutError, place_order
from example_shop.forms import AddressForm
from example_shop.models import Product

PLACED_HERE = "orders_placed_here"
"""Session key: orders whose confirmation a guest may look at."""


@require_safe
def show_cart(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/cart.html")


@require_POST
def add_to_cart(request: HttpRequest) -> HttpResponse:
    product = get_object_or_404(Product, pk=_number(request, "product"), is_active=True)
    quantity = min(max(_number(request, "quantity") or 1, 1), MOST_PIECES)
    if product.stock < quantity:
        messages.error(request, f"Only {product.stock} of {product.name} left.")
        return redirect(product)
    cart_of(request).add(product, quantity)
    persona_django.track(request, "cart_add", product, quantity=quantity, price=product.price)
    messages.success(request, f"{product.name} is in your cart.")
    return redirect("cart")


@require_POST
def change_cart(request: HttpRequest) -> HttpResponse:
    """Set the pieces of one line; none removes it."""
    cart = cart_of(request)
    key = _number(request, "product")
    quantity = 0 if "remove" in request.POST else _number(request, "quantity")
    gone = next((line.product for line in cart.lines if line.product.pk == key), None)
    cart.put(key, quantity)
    if gone is not None and quantity < 1:
        persona_django.track(request, "cart_remove", gone)
    return redirect("cart")


def checkout(request: HttpRequest) -> HttpResponse:
    """Asks for an address, then places the order."""
    cart = cart_of(request)
    if not cart.lines:
        return redirect("cart")
    form = AddressForm(request.POST or None, initial=_known_address(request))
    if request.method == "POST" and form.is_valid():
        try:
            order = place_order(cart, user=request.user, address=form.cleaned_data)
        except SoldOutError as error:
            messages.error(request, str(error))
            return redirect("cart")
        # What stands in it is read from the shop's own tables, and so are its refunds.
        persona_django.ordered(request, order)
        cart.clear()
        placed = request.session.get(PLACED_HERE, [])
        request.session[PLACED_HERE] = [*placed, order.pk][-20:]
        messages.success(request, f"Thank you! Order {order.pk} is placed.")
        return redirect(order)
    return render(request, "shop/checkout.html", {"form": form})


def _known_address(request: HttpRequest) -> dict[str, str]:
    """Where the customer's last order went."""
    user = request.user
    if not user.is_authenticated:
        return {}
    known = {"name": user.get_full_name(), "email": user.email}
    last = user.orders.exclude(street="").first()
    if last is not None:
        known |= {name: getattr(last, name) for name in ("street", "postcode", "city", "country")}
    return known


def _number(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0
