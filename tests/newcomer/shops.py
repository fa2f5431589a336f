"""Plain shops as `startproject` leaves them, each with its own idea of a product."""

from __future__ import annotations

from dataclasses import dataclass

from tests.newcomer.recipe import Place

MODELS = """\
import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
{user}

class Product(models.Model):
    {key}
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    def get_absolute_url(self):
        return reverse("product", args=[self.pk])


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    created = models.DateTimeField()


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    quantity = models.IntegerField(default=1)
{more}"""

CUSTOM_USER = """
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager


class Customer(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"

"""

VOUCHER = """

class Voucher(models.Model):
    title = models.CharField(max_length=100)
    amount = models.IntegerField()

    def get_absolute_url(self):
        return f"/voucher/{self.pk}/"
"""

URLS = """\
from django.shortcuts import get_object_or_404, render
from django.urls import path

from shop.models import Product


def product(request, pk):
    return render(request, "product.html", {{"product": get_object_or_404(Product, pk=pk)}})


urlpatterns = [path("product/<{converter}:pk>/", product, name="product")]
"""

PAGE = """\
<!doctype html>
<html lang="en"><head><title>{{ product.name }}</title></head>
<body><h1>{{ product.name }}</h1>
</body></html>
"""

FILL = """\
import datetime
import django

django.setup()
from django.contrib.auth import get_user_model
from django.utils import timezone
from shop.models import Order, OrderLine, Product

names = ["Kettle", "Teapot", "Strainer", "Hammer", "Nails", "Saw"]
products = {name: Product.objects.create(name=name, price=9) for name in names}
users = get_user_model()
for number in range(60):
    key = users.USERNAME_FIELD
    customer = users.objects.create(**{key: f"customer{number}@shop.example"})
    wanted = names[:2] if number % 2 else names[3:5]
    wanted = wanted + [names[2] if number % 2 else names[5]] * (number % 3 == 0)
    order = Order.objects.create(
        user=customer, created=timezone.now() - datetime.timedelta(days=number % 30 + 1)
    )
    for name in wanted:
        OrderLine.objects.create(order=order, product=products[name])
"""

FILL_VOUCHERS = """
from shop.models import Voucher

for amount in (25, 50):
    Voucher.objects.create(title=f"Voucher of {amount}", amount=amount)
"""

LOOK = """\
import sys
import django

django.setup()
from django.test import Client
from shop.models import Product

product = Product.objects.get(name=sys.argv[1])
answer = Client(headers={"host": "localhost"}).get(product.get_absolute_url())
assert answer.status_code == 200, answer.status_code
print(answer.content.decode())
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What makes one newcomer's shop different from the next one's."""

    name: str
    key: str = "id = models.BigAutoField(primary_key=True)"
    converter: str = "int"
    user: str = ""
    more: str = ""
    fill: str = ""
    settings: str = ""


KINDS = (
    Kind(name="integer keys"),
    Kind(
        name="UUID keys",
        key="id = models.UUIDField(primary_key=True, default=uuid.uuid4)",
        converter="uuid",
    ),
    Kind(name="a custom user", user=CUSTOM_USER, settings='\nAUTH_USER_MODEL = "shop.Customer"\n'),
    Kind(name="two product models", more=VOUCHER, fill=FILL_VOUCHERS),
)


def build(place: Place, kind: Kind = KINDS[0]) -> Place:
    """A running shop with products, customers and orders, and nothing of ours."""
    folder = place.folder
    place.run("django-admin", "startproject", "project", ".")
    shop = folder / "shop"
    (shop / "migrations").mkdir(parents=True)
    (shop / "templates").mkdir()
    for empty in (shop / "__init__.py", shop / "migrations" / "__init__.py"):
        empty.touch()
    models = MODELS.format(key=kind.key, user=kind.user, more=kind.more)
    (shop / "models.py").write_text(models, encoding="utf-8")
    (shop / "templates" / "product.html").write_text(PAGE, encoding="utf-8")
    urls = URLS.format(converter=kind.converter)
    (folder / "project" / "urls.py").write_text(urls, encoding="utf-8")
    settings = folder / "project" / "settings.py"
    with settings.open("a", encoding="utf-8") as more:
        more.write('\nINSTALLED_APPS += ["shop"]\n' + kind.settings)
    if kind.user:
        # A user without permissions has no place in the admin; such a shop leaves it out.
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("    'django.contrib.admin',\n", ""), encoding="utf-8")
    for name, text in (("fill.py", FILL + kind.fill), ("look.py", LOOK)):
        lines = "import os\n\nos.environ['DJANGO_SETTINGS_MODULE'] = 'project.settings'\n"
        (folder / name).write_text(lines + text, encoding="utf-8")
    place.run("python", "manage.py", "makemigrations", "shop")
    place.run("python", "manage.py", "migrate")
    place.run("python", "fill.py")
    return place
