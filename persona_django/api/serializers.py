"""What the API takes and gives, field by field. Scores and exact counts are in neither."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from persona_django.api.parameters import refuse_unknown, told_once
from persona_django.catalogue.refs import parse_seed
from persona_django.exceptions import NotRegistered
from persona_django.sources.levels import KINDS as LEVELS
from persona_django.tracking.situations import DEVICES, ENTRIES

MOST_SEEDS = 20
LONGEST_SEED = 250
LONGEST_CATEGORY = 300
PARAMETERS = ("seed", "cart", "size", "category", "device", "entry")


class AddressField(serializers.CharField):
    """A product as `shop.product:31`, or `31` where the shop has one product model."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_SEED, **options)

    def to_internal_value(self, data: Any) -> tuple[str, str]:  # type: ignore[override]
        text = super().to_internal_value(data)
        try:
            return parse_seed(text)
        except NotRegistered as error:
            raise serializers.ValidationError(str(error)) from error


class AddressesField(serializers.ListField):
    """Several products. What is wrong with any is told of the parameter, not by its place."""

    child = AddressField()

    def run_child_validation(self, data: Any) -> list[tuple[str, str]]:
        try:
            found: list[tuple[str, str]] = super().run_child_validation(data)
        except serializers.ValidationError as error:
            by_place: Any = error.detail
            raise serializers.ValidationError(told_once(by_place.values())) from None
        return found


class SlateQuery(serializers.Serializer[Any]):
    """The parameters of one question. `size` above the shop's limit is cut to it, not refused."""

    seed = AddressesField(max_length=MOST_SEEDS, required=False, default=list)
    cart = AddressesField(max_length=100, required=False, default=list)
    size = serializers.IntegerField(min_value=1, required=False, default=None, allow_null=True)
    category = serializers.CharField(
        max_length=LONGEST_CATEGORY, required=False, default=None, allow_null=True
    )
    device = serializers.ChoiceField(choices=DEVICES, required=False, default="")
    entry = serializers.ChoiceField(choices=ENTRIES, required=False, default="")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        refuse_unknown(data, PARAMETERS)
        for name in ("size", "category", "device", "entry"):
            if len(data.getlist(name)) > 1:
                raise serializers.ValidationError({name: [f"Give one {name}."]})
        given: dict[str, Any] = super().to_internal_value(data)
        return given


class ReasonSerializer(serializers.Serializer[Any]):
    """Why an item is shown; `level` says how near to the seed it was found, empty without a seed
    and for what is there for another reason: the visit, the shopper's own orders."""

    code = serializers.CharField()
    text = serializers.CharField()
    level = serializers.ChoiceField(choices=("", *LEVELS))


class SlotSerializer(serializers.Serializer[Any]):
    """One place of a slate. `token` goes along with whatever the page reports about it."""

    position = serializers.IntegerField()
    item = serializers.SerializerMethodField()
    title = serializers.CharField()
    url = serializers.CharField()
    price = serializers.SerializerMethodField()
    compare_at_price = serializers.SerializerMethodField()
    currency = serializers.CharField()
    image = serializers.CharField()
    reason = ReasonSerializer()
    token = serializers.CharField()

    def get_item(self, slot: Any) -> str:
        return f"{slot.model}:{slot.key}"

    def get_price(self, slot: Any) -> str | None:
        return _plain(slot.price)

    def get_compare_at_price(self, slot: Any) -> str | None:
        return _plain(slot.compare_at_price)


class SlateSerializer(serializers.Serializer[Any]):
    """The answer of one block, in order."""

    block = serializers.CharField()
    title = serializers.CharField()
    personal = serializers.BooleanField()
    slots = SlotSerializer(many=True)


def _plain(amount: Any) -> str | None:
    """An amount as a decimal number in text, which no client rounds."""
    amount = getattr(amount, "amount", amount)
    return None if amount is None else str(amount)
