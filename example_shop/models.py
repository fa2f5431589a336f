"""What the shop sells, to whom, and what was bought.

Loaders fill these tables with `bulk_create`; what they must set themselves is said at each field.
Afterwards they call `families.arrange()` and `bestsellers.recount()`.
"""

from __future__ import annotations

import zlib
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

PATH_SEPARATOR = " > "


class CategoryManager(models.Manager["Category"]):
    """Finds categories by their path and plants those that are missing."""

    def at_path(self, path: str) -> Category:
        """The category "Shoes > Trail", made with its ancestors where it is not there yet."""
        found = self.filter(path=path).first()
        if found is not None:
            return found
        above, _, name = path.rpartition(PATH_SEPARATOR)
        parent = self.at_path(above) if above else None
        return self.create(name=name, parent=parent)


class Category(models.Model):
    """A department (without parent) or a category within one."""

    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    path = models.CharField(
        max_length=250, unique=True, editable=False, help_text='Written by save: "Shoes > Trail".'
    )
    slug = models.CharField(
        max_length=250, unique=True, editable=False, help_text='Written by save: "shoes/trail".'
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order among its siblings.")

    objects = CategoryManager()

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.path

    def save(self, *args: object, **kwargs: object) -> None:
        own = slugify(self.name) or f"c{zlib.crc32(self.name.encode())}"
        self.path = f"{self.parent.path}{PATH_SEPARATOR}{self.name}" if self.parent else self.name
        self.slug = f"{self.parent.slug}/{own}" if self.parent else own
        if Category.objects.filter(slug=self.slug).exclude(pk=self.pk).exists():
            # "T-shirts" and "T shirts" are two paths, but would be one address.
            self.slug += f"-{zlib.crc32(self.path.encode())}"
        is_new = self._state.adding
        super().save(*args, **kwargs)
        # What lies in a renamed category moves with it.
        for child in () if is_new else self.children.all():
            child.parent = self
            child.save()

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])


class Brand(models.Model):
    """Who makes a product."""

    name = models.CharField(max_length=80, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Face(models.IntegerChoices):
    """Whether lists show a product itself or another one of its family."""

    FAMILY = 0, "Stands for its family in every list"
    COLOUR = 1, "Stands for its colour when a list is filtered by it"
    VARIANT = 2, "Only on its family's page"


class Product(models.Model):
    """One thing that can be put into a cart. Colours and sizes of one thing share a `family`."""

    name = models.CharField(max_length=200, db_index=True)
    slug = models.SlugField(max_length=200, db_index=False, help_text="Decorates the address.")
    sku = models.CharField(max_length=40, unique=True)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.ForeignKey(Brand, null=True, blank=True, on_delete=models.SET_NULL)
    price = models.DecimalField(max_digits=10, decimal_places=2, db_index=True)
    list_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, help_text="Price before a sale."
    )
    margin = models.FloatField(null=True, blank=True, help_text="Share of the price, 0 to 1.")
    stock = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True, help_text="Unticked: nobody sees it.")
    created = models.DateTimeField(default=timezone.now, db_index=True)
    colour = models.CharField(max_length=40, blank=True)
    size = models.CharField(max_length=20, blank=True)
    season = models.CharField(max_length=20, blank=True, help_text="As Summer; empty: all year.")
    family = models.CharField(
        max_length=40, blank=True, db_index=True, help_text="Same for all variants; empty: none."
    )
    face = models.PositiveSmallIntegerField(
        choices=Face, default=Face.FAMILY, help_text="Written by families.arrange()."
    )
    picture_seed = models.PositiveIntegerField(
        default=0, help_text="Varies the drawing; 0: taken from the family or the name."
    )
    sold = models.PositiveIntegerField(
        default=0, help_text="Pieces sold; kept by the checkout, by bestsellers.recount() in bulk."
    )

    class Meta:
        indexes = [
            models.Index(fields=["category", "face", "-sold"], name="shop_product_category"),
            models.Index(fields=["face", "-sold"], name="shop_product_bestsellers"),
            models.Index(fields=["brand", "face"], name="shop_product_brand"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.slug = self.slug or slugify(self.name)[:200] or "product"
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.pk, self.slug or "product"])

    @property
    def gallery(self) -> list[str]:
        """Addresses of its pictures, the leading one first. Needs `category`, no other query."""
        from example_shop.pictures.addresses import gallery_of

        return gallery_of(self)

    @property
    def is_on_sale(self) -> bool:
        return self.list_price is not None and self.list_price > self.price

    @property
    def discount_percent(self) -> int:
        """How much cheaper than its list price, in whole per cent; 0 when it is not on sale."""
        if self.list_price is None or self.list_price <= self.price:
            return 0
        return int(100 - 100 * self.price / self.list_price)

    @property
    def shows_brand(self) -> bool:
        """Whether a card names the brand apart, because the name does not begin with it."""
        return self.brand is not None and not self.name.startswith(self.brand.name)

    @property
    def variant_name(self) -> str:
        """What tells it from the rest of its family, as "Moss, 42"."""
        return ", ".join(part for part in (self.colour, self.size) if part)


class Company(models.Model):
    """A business whose users buy on one account and see each other's orders."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """What the shop knows about a signed-in user beyond name and e-mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="customers"
    )
    demo_note = models.CharField(
        max_length=120,
        blank=True,
        help_text="What is interesting about this shopper. Offered for one-click sign-in.",
    )

    def __str__(self) -> str:
        return str(self.user)


class Order(models.Model):
    """One checkout, by a signed-in user or by a guest who left an e-mail."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
    )
    email = models.EmailField(blank=True)
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
        help_text="Bought on this account; all its users see the order.",
    )
    created = models.DateTimeField(default=timezone.now, db_index=True)
    paid = models.BooleanField(default=True)
    total = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    name = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"Order {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("order", args=[self.pk])


class OrderLine(models.Model):
    """Some pieces of one product in an order, at the price paid for each."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=10, decimal_places=2, help_text="Paid for one piece.")
    refunded = models.PositiveIntegerField(default=0, help_text="Pieces given back.")
    refunded_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"


class Refund(models.Model):
    """A customer's wish to give pieces back. It counts once staff, or the demo, grants it."""

    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="refunds")
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    granted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line}"


class Origin(models.Model):
    """What the shop was filled with: one row written by the demo, none in a shop of one's own."""

    title = models.CharField(max_length=120, help_text="What it is, in words.")
    summary = models.CharField(
        max_length=250, help_text="What is real and what is invented; stands on every page."
    )
    notes = models.JSONField(default=list, help_text="What to know about the data, in sentences.")
    choice = models.JSONField(default=dict, help_text="What the demo was asked for.")

    def __str__(self) -> str:
        return self.title
