"""Ways in which shops say who bought something: by user, by a customer of their own, by number.

The tables are real, and nothing of them cascades into the test shop's.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import models


class Company(models.Model):
    """What several users buy for."""

    class Meta:
        app_label = "shop"


class Employee(User):
    """A user with a company, kept in a table beside the users'."""

    user = models.OneToOneField(
        User, parent_link=True, primary_key=True, on_delete=models.DO_NOTHING, related_name="+"
    )
    company = models.ForeignKey(
        Company, null=True, on_delete=models.DO_NOTHING, related_name="employees"
    )

    class Meta:
        app_label = "shop"


class Customer(models.Model):
    """The shop's own customer; only some of them have an account."""

    user = models.OneToOneField(
        User, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )

    class Meta:
        app_label = "shop"


class Profile(models.Model):
    """A customer whose number is the user's."""

    user = models.OneToOneField(
        User,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )

    class Meta:
        app_label = "shop"


class Member(AbstractBaseUser):
    """A user model of the shop's own."""

    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"

    class Meta:
        app_label = "shop"


def _to(model: type[models.Model], **options: object) -> models.ForeignKey:
    return models.ForeignKey(
        model,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        **options,
    )


class Sale(models.Model):
    """An order of one line, with every way to name its buyer."""

    product_id = models.BigIntegerField()
    placed = models.DateTimeField()
    user = _to(User)
    by_name = _to(User, to_field="username")
    employee = _to(Employee)
    customer = _to(Customer)
    profile = _to(Profile)
    member = _to(Member)
    company = _to(Company)
    buyer = models.IntegerField(null=True)
    email = models.EmailField(blank=True)

    class Meta:
        app_label = "shop"
