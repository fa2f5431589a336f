"""Fills the empty shop with what a loader read: products, customers, orders and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils.text import slugify
from numpy.typing import NDArray

from example_shop import bestsellers, categories, families, showcase
from example_shop.loaders.bulk import continue_keys, insert, money, times
from example_shop.loaders.shop_data import Lines, Orders, Products, ShopData
from example_shop.models import Brand, Category, Company, Customer, Order, OrderLine, Product
from example_shop.progress import Progress, silent

Ints = NDArray[np.int64]

STAFF = "admin"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Primary keys of what was written, in the order of the loader's rows."""

    products: Ints
    users: Ints


def is_empty() -> bool:
    """True before the first filling, and after everything was wiped."""
    return not Product.objects.exists()


def fill(data: ShopData, *, password: str, progress: Progress = silent) -> Filled:
    """Write the whole shop. The demo shoppers and one member of staff get `password`."""
    say = progress
    products = _write_products(data.products, say)
    users = _write_customers(data, password, say)
    orders = _write_orders(data.orders, data.lines, users, say)
    _write_lines(data.lines, orders, products, say)
    continue_keys((Product, Brand, get_user_model(), Company, Customer, Order, OrderLine))
    say("arranging", 0, 2)
    families.arrange()
    say("arranging", 1, 2)
    bestsellers.recount()
    categories.forget()
    showcase.forget()
    say("arranging", 2, 2)
    return Filled(products=products, users=users)


def _write_products(products: Products, say: Progress) -> Ints:
    paths = {path: Category.objects.at_path(path).pk for path in dict.fromkeys(products.category)}
    names = [name for name in dict.fromkeys(products.brand) if name]
    brands = dict(zip(names, insert(Brand, {"name": names}).tolist(), strict=True))
    on_sale = money(products.list_price)
    columns: dict[str, Sequence[Any] | Ints] = {
        "name": products.name,
        "slug": [slugify(name)[:200] or "product" for name in products.name],
        "sku": products.sku,
        "description": products.description,
        "category_id": [paths[path] for path in products.category],
        "brand_id": [brands.get(name) for name in products.brand],
        "price": money(products.price),
        "list_price": [
            text if cents else None
            for text, cents in zip(on_sale, products.list_price.tolist(), strict=True)
        ],
        "stock": products.stock,
        "is_active": products.is_active,
        "created": times(products.created),
        "colour": products.colour,
        "size": products.size,
        "season": products.season,
        "family": products.family,
        "picture_seed": products.picture_seed,
    }
    return insert(Product, columns, progress=lambda done, total: say("products", done, total))


def _write_customers(data: ShopData, password: str, say: Progress) -> Ints:
    """Everybody has an account; only demo shoppers and staff have a password at all."""
    customers = data.customers
    hashed = make_password(password)
    passwords = np.full(len(customers), "!", dtype=object)
    notes = np.full(len(customers), "", dtype=object)
    for shopper in data.demo_shoppers:
        passwords[shopper.customer], notes[shopper.customer] = hashed, shopper.note
    users = insert(
        get_user_model(),
        {
            "username": customers.username,
            "first_name": customers.first_name,
            "last_name": customers.last_name,
            "email": customers.username,
            "password": passwords,
        },
        progress=lambda done, total: say("customers", done, total),
    )
    companies = insert(Company, {"name": list(customers.companies)})
    insert(
        Customer,
        {
            "user_id": users,
            "company_id": _keys_or_none(companies, customers.company),
            "demo_note": notes,
        },
    )
    _make_staff(hashed)
    return users


def _make_staff(hashed: str) -> None:
    User = get_user_model()  # noqa: N806 - a class
    if not User.objects.filter(username=STAFF).exists():
        continue_keys((User,))
        User.objects.create(
            username=STAFF, first_name="Sam", password=hashed, is_staff=True, is_superuser=True
        )


def _write_orders(orders: Orders, lines: Lines, users: Ints, say: Progress) -> Ints:
    total = np.zeros(len(orders), dtype=np.int64)
    np.add.at(total, lines.order, lines.price * lines.quantity)
    company = dict(Customer.objects.values_list("user_id", "company_id"))
    user = _keys_or_none(users, orders.customer)
    return insert(
        Order,
        {
            "user_id": user,
            "company_id": [company.get(key) for key in user],
            "created": times(orders.at),
            "paid": orders.paid,
            "total": money(total),
            "country": orders.country,
        },
        progress=lambda done, total: say("orders", done, total),
    )


def _write_lines(lines: Lines, orders: Ints, products: Ints, say: Progress) -> None:
    insert(
        OrderLine,
        {
            "order_id": orders[lines.order],
            "product_id": products[lines.product],
            "quantity": lines.quantity,
            "price": money(lines.price),
            "refunded": lines.refunded,
            "refunded_at": times(lines.refunded_at),
        },
        progress=lambda done, total: say("order lines", done, total),
    )


def _keys_or_none(keys: Ints, position: Ints) -> list[int | None]:
    """The key at each position, None for -1."""
    padded: list[int | None] = [*keys.tolist(), None]
    return [padded[place] for place in position.tolist()]
