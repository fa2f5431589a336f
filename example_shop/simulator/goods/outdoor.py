"""Outdoor: tents, sleeping gear, boots, packs, stoves and what goes with them."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_CAMP = ("Fellbrook", "Norrvik", "Tarnwick", "Pinemoor", "Brackwater")
_TRAIL = ("Skarn", "Fellbrook", "Highmere", "Norrvik", "Ostrava Trail")
_SERIES = (
    "Ridgeline", "Skerry", "Moorland", "Glen", "Tarn", "Larch",
    "Windward", "Heath", "Corrie", "Drift", "Solvik", "Beacon",
)  # fmt: skip
_EARTH = ("moss", "slate", "rust", "sand", "navy")

OUTDOOR = (
    Kind(
        path="Outdoor > Camping > Tents",
        nouns=("2-person tent", "3-person tent", "family tent", "ultralight tent"),
        brands=_CAMP, series=_SERIES, price=(79, 480), colours=_EARTH[:2], peak_month=6,
        about=(
            "Stands in five minutes and stays dry in a night of steady rain.",
            "Room for people and packs, with two doors so nobody climbs over anybody.",
        ),
        goes_with={
            "Outdoor > Camping > Sleeping mats": 0.40,
            "Outdoor > Camping > Tent pegs & lines": 0.30,
            "Outdoor > Camping > Lanterns": 0.20,
        },
        demand=-0.3,
    ),
    Kind(
        path="Outdoor > Camping > Sleeping mats",
        nouns=("sleeping mat", "self-inflating mat", "insulated mat"),
        brands=_CAMP, series=_SERIES, price=(19, 160), colours=_EARTH[:3], peak_month=6,
        about=(
            "Keeps the cold of the ground away and rolls up to the size of a bottle.",
            "Thick enough for side sleepers, light enough to carry all day.",
        ),
        goes_with={"Outdoor > Camping > Sleeping bags": 0.25},
        demand=-0.2,
    ),
    Kind(
        path="Outdoor > Camping > Sleeping bags",
        nouns=("down sleeping bag", "summer sleeping bag", "3-season sleeping bag"),
        brands=_CAMP, series=_SERIES, price=(39, 320), colours=_EARTH[:2],
        sizes=("regular", "long"), peak_month=6,
        about=(
            "Warm down to the temperature on the label, because we measured it.",
            "A two-way zip and a hood that closes without a fight in the dark.",
        ),
        goes_with={"Outdoor > Camping > Sleeping mats": 0.25},
        demand=-0.3,
    ),
    Kind(
        path="Outdoor > Camping > Tent pegs & lines",
        nouns=("peg set", "guy line set", "sand peg set"),
        brands=_CAMP, series=_SERIES[:6], price=(7, 29), peak_month=6, weight=0.6,
        about=("Holds where the pegs in the box bend.", "Bright enough not to trip over."),
    ),
    Kind(
        path="Outdoor > Camping > Lanterns",
        nouns=("camp lantern", "head torch", "rechargeable lantern"),
        brands=("Lumo & Sons", "Norrvik", "Brackwater"), series=_SERIES, price=(15, 79),
        colours=("black", "orange"), peak_month=9, gift=0.4,
        about=("Lights a table, not the whole campsite.", "Runs for three evenings on a charge."),
    ),
    Kind(
        path="Outdoor > Camping > Stoves",
        nouns=("gas stove", "folding stove", "storm cooker"),
        brands=("Brackwater", "Skarn", "Pinemoor"), series=_SERIES, price=(25, 140), peak_month=6,
        about=(
            "Boils a litre in under four minutes, in wind too.",
            "Folds flat and fits inside its own pot.",
        ),
        goes_with={
            "Outdoor > Camping > Gas cartridges": 0.50,
            "Outdoor > Camping > Camp cookware": 0.30,
        },
        weight=0.8,
    ),
    Kind(
        path="Outdoor > Camping > Gas cartridges",
        nouns=("gas cartridge 230 g", "gas cartridge 450 g", "winter gas 230 g"),
        brands=("Brackwater", "Skarn", "Pinemoor", "Fellbrook"), price=(5, 13), cycle_days=60,
        about=("Screws onto every stove with a standard thread.",), peak_month=7, weight=0.5,
    ),
    Kind(
        path="Outdoor > Camping > Camp cookware",
        nouns=("pot set", "enamel mug", "frying pan", "cutlery set"),
        brands=("Brackwater", "Pinemoor", "Kettleby"), series=_SERIES, price=(9, 75),
        colours=("steel", "moss"), peak_month=6, gift=0.5,
        about=("Nests together and does not rattle.", "Survives sand, scouring and children."),
    ),
    Kind(
        path="Outdoor > Hiking > Boots",
        nouns=("hiking boots", "mid boots", "winter boots"),
        brands=_TRAIL, series=_SERIES, price=(95, 260), colours=("brown", "slate"),
        sizes=("38", "40", "42", "44"), peak_month=9, weight=1.2,
        about=(
            "Leather that softens in a week and a sole that grips on wet rock.",
            "Ankles held, toes with room to go downhill.",
        ),
        goes_with={
            "Outdoor > Hiking > Socks": 0.35,
            "Outdoor > Hiking > Shoe care": 0.25,
        },
    ),
    Kind(
        path="Outdoor > Hiking > Trail shoes",
        nouns=("trail shoes", "approach shoes", "trail runners"),
        brands=_TRAIL, series=_SERIES, price=(75, 190), colours=("black", "rust", "sky"),
        sizes=("38", "40", "42", "44"), peak_month=4, weight=1.2, demand=0.2,
        about=("Light, grippy and dry again by the morning.", "Made for paths that are not."),
        goes_with={"Outdoor > Hiking > Socks": 0.30},
    ),
    Kind(
        path="Outdoor > Hiking > Socks",
        nouns=("merino socks", "trekking socks", "liner socks"),
        brands=_TRAIL, series=_SERIES, price=(9, 28), colours=("grey", "moss", "navy"),
        sizes=("S", "M", "L"), cycle_days=150, gift=0.5,
        about=("No seam where a seam would hurt.", "Warm when wet, fresh on the second day."),
    ),
    Kind(
        path="Outdoor > Hiking > Shoe care",
        nouns=("leather wax", "proofing spray", "cleaning gel"),
        brands=("Tarnwick", "Skarn", "Highmere"), series=_SERIES[:5], price=(6, 16),
        cycle_days=120, weight=0.5, about=("Lets rain run off and leather breathe.",),
    ),
    Kind(
        path="Outdoor > Hiking > Backpacks",
        nouns=("backpack 25 l", "backpack 40 l", "trekking pack 60 l", "day pack"),
        brands=_TRAIL, series=_SERIES, price=(49, 260), colours=_EARTH, peak_month=5,
        about=(
            "The weight sits on the hips, where it belongs.",
            "Opens from the front, so the pullover is never at the bottom.",
        ),
        goes_with={
            "Outdoor > Hiking > Bottles": 0.25,
            "Outdoor > Hiking > Rain covers": 0.30,
        },
        demand=0.2,
    ),
    Kind(
        path="Outdoor > Hiking > Bottles",
        nouns=("steel bottle 0.75 l", "vacuum flask", "folding bottle"),
        brands=("Brackwater", "Highmere", "Kettleby"), series=_SERIES, price=(12, 42),
        colours=("steel", "moss", "sky", "rust"), gift=0.8,
        about=("Cold for a day, hot for half of one.", "One hand opens it, no hand spills it."),
    ),
    Kind(
        path="Outdoor > Hiking > Rain covers",
        nouns=("rain cover", "pack liner"),
        brands=_TRAIL, series=_SERIES[:6], price=(12, 34), peak_month=10, weight=0.5,
        about=("Pulls over a full pack in seconds and packs into its own pocket.",),
    ),
)  # fmt: skip
