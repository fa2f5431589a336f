"""The errands that the second family runs: what each needs, and what tends to come after it.

Part of the parameters (`Missions.errands`, `Missions.lives`) and under their rule: the
fingerprint there covers every number here. All of them are assumptions about why people go
shopping, made once and kept: an errand takes one to three things on average, what it is run for
more often than not has a chance of a half and more, and durable things have lower ones than what
is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A reason to go shopping, with the kinds of goods that belong to it."""

    name: str
    needs: Mapping[str, float]
    """Path of a kind to the chance that this errand takes one."""
    then: Mapping[str, float] = field(default_factory=dict)
    """Name of the errand to the added chance that it is next."""


ERRANDS = (
    Errand(
        name="weekly shop",
        needs={
            "Grocery > Dairy > Milk & drinks": 0.7,
            "Grocery > Dairy > Yoghurt & cheese": 0.6,
            "Grocery > Breakfast > Muesli & oats": 0.4,
            "Grocery > Pantry > Pasta": 0.35,
            "Grocery > Pantry > Sauces": 0.3,
            "Grocery > Breakfast > Coffee & tea": 0.3,
            "Grocery > Snacks > Crisps & crackers": 0.3,
            "Grocery > Household > Paper": 0.2,
        },
    ),
    Errand(
        name="stock the cupboard",
        needs={
            "Grocery > Household > Washing": 0.6,
            "Grocery > Household > Dishwashing": 0.6,
            "Grocery > Household > Paper": 0.5,
            "Grocery > Pantry > Rice & pulses": 0.3,
            "Grocery > Pantry > Oil & vinegar": 0.3,
        },
        then={"weekly shop": 0.3},
    ),
    Errand(
        name="cat at home",
        needs={"Grocery > Pets > Cat food": 0.9, "Grocery > Pets > Cat litter": 0.6},
        then={"weekly shop": 0.2},
    ),
    Errand(
        name="dinner party",
        needs={
            "Grocery > Pantry > Pasta": 0.4,
            "Grocery > Pantry > Oil & vinegar": 0.4,
            "Grocery > Pantry > Spices": 0.4,
            "Home & Kitchen > Cooking > Pots": 0.2,
            "Home & Kitchen > Living > Candles": 0.5,
        },
        then={"baking day": 0.2},
    ),
    Errand(
        name="baking day",
        needs={
            "Grocery > Baking > Flour & sugar": 0.8,
            "Grocery > Baking > Chocolate & nuts": 0.7,
            "Home & Kitchen > Baking > Tins & moulds": 0.3,
            "Home & Kitchen > Baking > Tools": 0.25,
        },
    ),
    Errand(
        name="camping trip",
        needs={
            "Outdoor > Camping > Tents": 0.35,
            "Outdoor > Camping > Sleeping mats": 0.4,
            "Outdoor > Camping > Sleeping bags": 0.3,
            "Outdoor > Camping > Stoves": 0.25,
            "Outdoor > Camping > Gas cartridges": 0.5,
            "Outdoor > Camping > Lanterns": 0.25,
        },
        then={"hiking weekend": 0.3},
    ),
    Errand(
        name="hiking weekend",
        needs={
            "Outdoor > Hiking > Boots": 0.3,
            "Outdoor > Hiking > Trail shoes": 0.3,
            "Outdoor > Hiking > Socks": 0.5,
            "Outdoor > Hiking > Backpacks": 0.25,
            "Outdoor > Hiking > Bottles": 0.25,
        },
        then={"camping trip": 0.2},
    ),
    Errand(
        name="new telephone",
        needs={"Electronics > Phones > Smartphones": 0.6, "Electronics > Phones > Chargers": 0.4},
    ),
    Errand(
        name="sound and pictures",
        needs={
            "Electronics > Audio > Headphones": 0.5,
            "Electronics > Audio > Speakers": 0.3,
            "Electronics > Cameras > Instant cameras": 0.2,
        },
    ),
    Errand(
        name="coffee corner",
        needs={
            "Home & Kitchen > Coffee > Machines": 0.25,
            "Home & Kitchen > Coffee > Capsules": 0.7,
            "Home & Kitchen > Coffee > Cups": 0.3,
        },
        then={"weekly shop": 0.2},
    ),
    Errand(
        name="new kitchen things",
        needs={
            "Home & Kitchen > Cooking > Pans": 0.45,
            "Home & Kitchen > Cooking > Knives": 0.35,
            "Home & Kitchen > Cooking > Chopping boards": 0.3,
            "Home & Kitchen > Cooking > Spatulas & spoons": 0.35,
        },
    ),
    Errand(
        name="make the home nice",
        needs={
            "Home & Kitchen > Bedroom > Bed linen": 0.4,
            "Home & Kitchen > Bathroom > Towels": 0.4,
            "Home & Kitchen > Living > Table lamps": 0.3,
            "Home & Kitchen > Living > Candles": 0.3,
        },
        then={"new kitchen things": 0.2},
    ),
    Errand(
        name="women's wardrobe",
        needs={
            "Fashion > Women > Dresses": 0.5,
            "Fashion > Women > Blouses": 0.4,
            "Fashion > Women > Cardigans": 0.35,
            "Fashion > Accessories > Scarves & hats": 0.2,
            "Fashion > Shoes > Sneakers": 0.25,
        },
    ),
    Errand(
        name="men's wardrobe",
        needs={
            "Fashion > Men > Shirts": 0.5,
            "Fashion > Men > Chinos": 0.4,
            "Fashion > Men > Pullovers": 0.35,
            "Fashion > Shoes > Sneakers": 0.25,
        },
    ),
    Errand(
        name="training plan",
        needs={
            "Fashion > Sport > Running tops": 0.5,
            "Fashion > Sport > Running shorts": 0.45,
            "Outdoor > Hiking > Trail shoes": 0.3,
            "Fashion > Sport > Yoga": 0.25,
        },
    ),
    Errand(
        name="home office",
        needs={
            "Office > Desk > Keyboards & mice": 0.4,
            "Office > Desk > Desk lamps": 0.3,
            "Office > Paper > Notebooks": 0.4,
            "Office > Writing > Pens": 0.35,
        },
    ),
    Errand(
        name="office order",
        needs={
            "Office > Paper > Copy paper": 0.8,
            "Office > Printing > Ink & toner": 0.6,
            "Office > Writing > Markers & labels": 0.4,
            "Office > Kitchen > Meeting supplies": 0.5,
            "Office > Writing > Pens": 0.3,
        },
        then={"office order": 0.6},
    ),
)

LIVES: Mapping[str, Mapping[str, float]] = {
    "family": {"weekly shop": 4, "stock the cupboard": 2, "baking day": 1, "make the home nice": 1,
               "women's wardrobe": 0.7, "men's wardrobe": 0.5},
    "outdoors": {"camping trip": 2, "hiking weekend": 3, "training plan": 1, "weekly shop": 1.5,
                 "sound and pictures": 0.3},
    "city": {"women's wardrobe": 2, "men's wardrobe": 1, "coffee corner": 2,
             "sound and pictures": 1, "new telephone": 0.5, "dinner party": 1},
    "home lover": {"make the home nice": 2, "new kitchen things": 2, "baking day": 1.5,
                   "dinner party": 1.5, "coffee corner": 1, "weekly shop": 1},
    "cat person": {"cat at home": 3, "weekly shop": 2, "women's wardrobe": 1,
                   "coffee corner": 0.7},
    "at the desk": {"home office": 2, "new telephone": 0.7, "sound and pictures": 1,
                    "men's wardrobe": 1, "weekly shop": 1.5, "coffee corner": 1},
    "company": {"office order": 6, "home office": 1, "coffee corner": 0.5},
}  # fmt: skip
"""What a life asks for: weight of each errand. Only the last one is for companies."""
