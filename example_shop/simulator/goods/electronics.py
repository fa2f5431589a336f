"""Electronics: telephones and cameras, and the things made to fit them."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_PHONES = ("Auren", "Kestrel", "Nimbo")
_SOUND = ("Tonal", "Auren", "Halo & Hum", "Kestrel")
_ACCESSORY = ("Voltane", "Nimbo", "Shellby", "Kestrel", "Plain Parts")
_SERIES = ("One", "Arc", "Vela", "Pico", "Terra", "Lyra", "Nova", "Edge", "Mono", "Echo")
_PHONE = "Electronics > Phones > Smartphones"

ELECTRONICS = (
    Kind(
        path=_PHONE, nouns=("phone",), brands=_PHONES, series=_SERIES,
        price=(189, 990), colours=("black", "silver"), peak_month=11, weight=0.8,
        about=(
            "A day and a half of battery and a camera that manages dusk.",
            "Five years of updates and a screen that can be replaced.",
        ),
        goes_with={
            "Electronics > Phones > Cases": 0.55,
            "Electronics > Phones > Screen protectors": 0.35,
            "Electronics > Phones > Chargers": 0.25,
        },
        demand=-0.3,
    ),
    Kind(
        path="Electronics > Phones > Cases", nouns=("case", "clear case", "leather case"),
        brands=_ACCESSORY, price=(9, 45), colours=("black", "sage"), fits=_PHONE, weight=1.4,
        about=("Raised edges around screen and camera.",), gift=0.3,
    ),
    Kind(
        path="Electronics > Phones > Screen protectors",
        nouns=("screen protector", "privacy protector"), brands=_ACCESSORY, price=(7, 29),
        fits=_PHONE, weight=0.9, about=("Goes on without bubbles, frame included.",),
    ),
    Kind(
        path="Electronics > Phones > Chargers",
        nouns=("USB-C charger 30 W", "wireless charger", "car charger", "USB-C cable 2 m"),
        brands=_ACCESSORY, series=_SERIES, price=(9, 59),
        about=("Charges at full speed and stays cool.",), demand=0.2, gift=0.2,
    ),
    Kind(
        path="Electronics > Phones > Power banks",
        nouns=("power bank 10,000 mAh", "power bank 20,000 mAh"), brands=_ACCESSORY,
        series=_SERIES, price=(19, 79), peak_month=7, gift=0.5,
        about=("Two full charges in a coat pocket.",), weight=0.7,
        goes_with={"Electronics > Phones > Chargers": 0.20},
    ),
    Kind(
        path="Electronics > Audio > Headphones",
        nouns=("headphones", "noise-cancelling headphones", "earbuds"), brands=_SOUND,
        series=_SERIES, price=(29, 340), colours=("black", "cream", "sky"), peak_month=12,
        gift=0.9, about=("Quiet trains, clear voices.",), demand=0.3,
        goes_with={"Electronics > Audio > Ear pads & cases": 0.25},
    ),
    Kind(
        path="Electronics > Audio > Ear pads & cases",
        nouns=("ear pads", "travel case", "ear tips, 6 pairs"), brands=_SOUND, series=_SERIES[:5],
        price=(8, 32), weight=0.5, about=("New pads, new headphones.",),
    ),
    Kind(
        path="Electronics > Audio > Speakers",
        nouns=("bluetooth speaker", "shelf speaker", "shower speaker"), brands=_SOUND,
        series=_SERIES, price=(29, 290), colours=("black", "sage", "rust"), peak_month=6,
        gift=0.7, about=("Bigger than it looks when you close your eyes.",),
    ),
    Kind(
        path="Electronics > Cameras > Instant cameras",
        nouns=("instant camera", "mini instant camera"), brands=("Lyrebird", "Kestrel"),
        series=_SERIES, price=(69, 180), colours=("white", "rose", "sky"), peak_month=12,
        gift=1.0, weight=0.5, about=("Press, wait, pass around.",),
        goes_with={"Electronics > Cameras > Instant film": 0.60},
    ),
    Kind(
        path="Electronics > Cameras > Instant film",
        nouns=("instant film (20)", "black-and-white film (10)"), brands=("Lyrebird", "Kestrel"),
        price=(11, 24), cycle_days=45, fits="Electronics > Cameras > Instant cameras",
        about=("Ten seconds of suspense a sheet.",), weight=0.6,
    ),
    Kind(
        path="Electronics > Smart home > Plugs & bulbs",
        nouns=("smart plug", "smart bulb", "motion sensor"), brands=_ACCESSORY, series=_SERIES,
        price=(12, 69), peak_month=12, about=("Works without an account.",), gift=0.2,
    ),
)  # fmt: skip
