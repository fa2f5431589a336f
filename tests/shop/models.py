"""A small shop with what maps have to cope with: paths, methods, variants, two product models."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class Category(models.Model):
    path = models.CharField(max_length=200)


class Brand(models.Model):
    name = models.CharField(max_length=100)


class Product(models.Model):
    name = models.CharField(max_length=200)
    category = models.ForeignKey(Category, null=True, on_delete=models.SET_NULL)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.SET_NULL)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    list_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    is_active = models.BooleanField(default=True)
    stock = models.IntegerField(default=10)
    family = models.CharField(max_length=50, blank=True)
    colour = models.CharField(max_length=30, blank=True)
    picture = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.pk])


class Gift(models.Model):
    """The second product model, with UUID keys."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=200)
    cents = models.IntegerField(default=0)

    def get_absolute_url(self) -> str:
        return reverse("gift", args=[self.pk])


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    email = models.EmailField(blank=True)
    created = models.DateTimeField()
    paid = models.BooleanField(default=True)


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    quantity = models.IntegerField(default=1)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    refunded = models.IntegerField(default=0)
    refunded_at = models.DateTimeField(null=True)
