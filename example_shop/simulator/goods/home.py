"""Home & Kitchen: coffee, cooking, baking, bed, bath and light."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_KITCHEN = ("Kettleby", "Marrowstone", "Casa Levante", "Halden", "Oda & Finn")
_LIVING = ("Halden", "Oda & Finn", "Linnet House", "Wrenfield")
_SERIES = (
    "Alba", "Nordby", "Quarry", "Linea", "Bistro", "Harbour",
    "Orchard", "Studio", "Mira", "Fjell", "Classic", "Piccolo",
)  # fmt: skip
_SOFT = ("white", "cream", "sage", "slate", "terracotta")

HOME = (
    Kind(
        path="Home & Kitchen > Coffee > Machines",
        nouns=("capsule machine", "compact capsule machine", "capsule machine with milk frother"),
        brands=("Casa Levante", "Marrowstone", "Kettleby"), series=_SERIES, price=(69, 390),
        colours=("black", "cream"), peak_month=12, gift=0.5, weight=0.7,
        about=(
            "Hot in half a minute and quiet enough for early risers.",
            "Small on the counter, generous in the cup.",
        ),
        goes_with={
            "Home & Kitchen > Coffee > Capsules": 0.60,
            "Home & Kitchen > Coffee > Cups": 0.25,
        },
        demand=-0.4,
    ),
    Kind(
        path="Home & Kitchen > Coffee > Capsules",
        nouns=("espresso capsules (50)", "lungo capsules (50)", "decaf capsules (30)"),
        brands=("Casa Levante", "Marrowstone", "Kettleby"), price=(12, 26), cycle_days=24,
        fits="Home & Kitchen > Coffee > Machines", weight=1.2, demand=0.3,
        about=("Roasted slowly, sealed within the hour.", "Full body, and no bitterness."),
    ),
    Kind(
        path="Home & Kitchen > Coffee > Cups",
        nouns=("espresso cups, set of 4", "cappuccino cups, set of 2", "glass cups, set of 4"),
        brands=_KITCHEN, series=_SERIES, price=(14, 48), colours=_SOFT[:4], gift=1.2,
        about=("Thick walls that keep the crema warm.", "Each one glazed a little differently."),
        weight=0.8,
    ),
    Kind(
        path="Home & Kitchen > Cooking > Pans",
        nouns=("frying pan 24 cm", "frying pan 28 cm", "wok", "sauté pan"),
        brands=_KITCHEN, series=_SERIES, price=(24, 160),
        about=(
            "Heats evenly to the edge and goes into the oven with its handle on.",
            "Eggs slide, steaks brown.",
        ),
        goes_with={
            "Home & Kitchen > Cooking > Spatulas & spoons": 0.30,
            "Home & Kitchen > Cooking > Lids": 0.30,
        },
    ),
    Kind(
        path="Home & Kitchen > Cooking > Lids",
        nouns=("glass lid 24 cm", "glass lid 28 cm", "splatter screen"),
        brands=_KITCHEN, series=_SERIES[:6], price=(9, 29), weight=0.5,
        about=("See what cooks without letting the heat out.",),
    ),
    Kind(
        path="Home & Kitchen > Cooking > Pots",
        nouns=("casserole 4 l", "stock pot 6 l", "saucepan 1.5 l"),
        brands=_KITCHEN, series=_SERIES, price=(29, 240), colours=("steel", "red", "sage"),
        peak_month=11, about=("Heavy, slow and forgiving, as stews like it.",),
        goes_with={"Home & Kitchen > Cooking > Spatulas & spoons": 0.20},
    ),
    Kind(
        path="Home & Kitchen > Cooking > Spatulas & spoons",
        nouns=("spatula", "cooking spoon", "silicone turner", "ladle"),
        brands=_KITCHEN, series=_SERIES, price=(5, 24), weight=0.8,
        about=("Kind to coated pans, comfortable for long stirring.",),
    ),
    Kind(
        path="Home & Kitchen > Cooking > Knives",
        nouns=("chef's knife", "bread knife", "paring knife", "knife block"),
        brands=("Halden", "Marrowstone", "Oda & Finn"), series=_SERIES, price=(19, 210), gift=0.6,
        about=("Keeps its edge and tells you when it needs a new one.",),
        goes_with={
            "Home & Kitchen > Cooking > Chopping boards": 0.35,
            "Home & Kitchen > Cooking > Sharpeners": 0.25,
        },
    ),
    Kind(
        path="Home & Kitchen > Cooking > Chopping boards",
        nouns=("oak board", "walnut board", "board set"),
        brands=("Wrenfield", "Halden", "Oda & Finn"), series=_SERIES, price=(15, 95), gift=0.8,
        about=("End grain that heals behind the knife.",), weight=0.7,
    ),
    Kind(
        path="Home & Kitchen > Cooking > Sharpeners",
        nouns=("whetstone", "sharpening steel", "pull-through sharpener"),
        brands=("Halden", "Marrowstone"), series=_SERIES[:6], price=(12, 69), weight=0.5,
        about=("Two minutes on a Sunday and the week cuts well.",),
    ),
    Kind(
        path="Home & Kitchen > Baking > Tins & moulds",
        nouns=("springform tin", "loaf tin", "muffin tray", "tart tin"),
        brands=_KITCHEN, series=_SERIES, price=(9, 39), peak_month=12,
        about=("Cakes leave it in one piece.",), gift=0.3,
        goes_with={"Home & Kitchen > Baking > Tools": 0.30},
    ),
    Kind(
        path="Home & Kitchen > Baking > Tools",
        nouns=("rolling pin", "whisk", "piping set", "kitchen scale"),
        brands=_KITCHEN, series=_SERIES, price=(6, 45), peak_month=12, gift=0.4,
        about=("Made for the hands of people who bake every week.",),
    ),
    Kind(
        path="Home & Kitchen > Bedroom > Bed linen",
        nouns=("linen duvet set", "cotton duvet set", "flannel duvet set"),
        brands=_LIVING, series=_SERIES, price=(39, 190), colours=_SOFT,
        sizes=("single", "double"), peak_month=1, weight=1.1,
        about=("Softer after every wash.", "Breathes in summer and holds warmth in winter."),
        goes_with={"Home & Kitchen > Bedroom > Pillows": 0.25},
    ),
    Kind(
        path="Home & Kitchen > Bedroom > Pillows",
        nouns=("down pillow", "neck pillow", "side-sleeper pillow"),
        brands=_LIVING, series=_SERIES, price=(25, 130), peak_month=1, weight=0.7,
        about=("Holds the head, not the heat.",),
    ),
    Kind(
        path="Home & Kitchen > Bathroom > Towels",
        nouns=("bath towel", "hand towels, set of 2", "hammam towel"),
        brands=_LIVING, series=_SERIES, price=(12, 59), colours=_SOFT, gift=0.5,
        about=("Dries at the first touch and hangs dry by evening.",),
    ),
    Kind(
        path="Home & Kitchen > Living > Table lamps",
        nouns=("table lamp", "reading lamp", "paper lamp"),
        brands=_LIVING, series=_SERIES, price=(29, 220), colours=("black", "brass", "white"),
        peak_month=11, gift=0.4, about=("Warm light at the height of a book.",),
        goes_with={"Home & Kitchen > Living > Light bulbs": 0.45},
    ),
    Kind(
        path="Home & Kitchen > Living > Light bulbs",
        nouns=("warm bulb E27, 2-pack", "warm bulb E14, 2-pack", "filament bulb"),
        brands=("Lumo & Sons", "Halden"), price=(6, 19), cycle_days=180, weight=0.5,
        about=("Reaches full brightness at once and dims without a flicker.",),
    ),
    Kind(
        path="Home & Kitchen > Living > Candles",
        nouns=("scented candle", "pillar candle", "beeswax candles, set of 4"),
        brands=("Linnet House", "Wrenfield", "Oda & Finn"), series=_SERIES, price=(7, 42),
        colours=_SOFT[:3], peak_month=12, gift=1.8, cycle_days=70,
        about=("Burns evenly to the end and fills a room without filling a house.",),
    ),
)  # fmt: skip
