"""What ranking needs of each product, and the one state that every process follows."""

from __future__ import annotations

from django.db import models


class Item(models.Model):
    """One thing that can be put into a cart, mirrored from the shop's own model.

    Written by `catalogue.sync` only; read column-wise by the snapshot and by learning. Points at
    the shop's row by model label and key as text, never by a foreign key, so that any kind of key,
    several databases and uninstalling work.
    """

    store = models.PositiveSmallIntegerField(default=1)
    model = models.CharField(max_length=100, help_text="The shop's model, as app_label.model.")
    key = models.CharField(max_length=128, help_text="Primary key of the shop's row, as text.")
    ref = models.BigIntegerField(
        null=True, help_text="Hash of model and key; empty once the shop deleted the row."
    )
    group_ref = models.BigIntegerField(
        default=0, help_text="Hash of the family's group value; 0 when the item stands alone."
    )
    title = models.CharField(max_length=300, blank=True)
    category = models.CharField(
        max_length=300, blank=True, help_text="Path from the top, as Shoes > Trail."
    )
    brand = models.CharField(max_length=150, blank=True)
    price = models.BigIntegerField(default=0, help_text="In minor units of the currency.")
    list_price = models.BigIntegerField(default=0, help_text="Price before discount; 0: none.")
    currency = models.CharField(max_length=3, blank=True)
    available = models.BooleanField(default=True)
    stock = models.IntegerField(null=True, help_text="Empty: the shop does not count it.")
    margin = models.FloatField(null=True, help_text="Share of the price, 0 to 1, where known.")
    published_at = models.BigIntegerField(default=0, help_text="Seconds since 1970, UTC.")
    attributes = models.JSONField(default=dict, help_text="Name to value, as declared on the map.")
    images = models.JSONField(default=list, help_text="Picture addresses, the first one leading.")
    text = models.TextField(blank=True, help_text="Words that describe the item, for content.")
    sensitive = models.BooleanField(default=False)
    digest = models.BigIntegerField(default=0, help_text="Hash of all columns; the same: skipped.")
    retired_at = models.DateTimeField(
        null=True, db_index=True, help_text="When it left the map's queryset; empty: on sale."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "ref"], name="persona_item_once_a_store")
        ]

    def __str__(self) -> str:
        return self.title or f"{self.model}:{self.key}"


class State(models.Model):
    """One named number of a store that every process follows: a revision or a live version.

    All rows of a store are read together, at most once a second a process. Publishing is the
    update of one such row.
    """

    store = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=40)
    value = models.BigIntegerField(default=0, help_text="A revision, or the id that is live.")
    relation = models.PositiveSmallIntegerField(
        default=0, help_text="Number of the relation whose live version this names; 0: none."
    )
    fence = models.BigIntegerField(
        default=0, help_text="Highest fencing number that wrote it; a lower one is refused."
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "name"], name="persona_one_state_a_name")
        ]
