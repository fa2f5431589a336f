"""Fashion: clothes that go by season, size and colour."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_EVERYDAY = ("Wrenfield", "Ardenne", "Sorrel", "Maison Tilde", "Kaplan & Roe")
_ACTIVE = ("Pacer", "Skarn", "Voltane", "Sorrel Sport")
_SERIES = (
    "Isla", "Theo", "Margot", "Lund", "Nia", "Oscar", "June", "Rafe", "Cleo", "Otis",
    "Vera", "Hugo",
)  # fmt: skip
_CLOTHES = ("S", "M", "L", "XL")
_TONES = ("black", "white", "navy", "olive", "rose", "camel")

FASHION = (
    Kind(
        path="Fashion > Women > Dresses",
        nouns=("wrap dress", "linen dress", "shirt dress", "knit dress"),
        brands=_EVERYDAY, series=_SERIES, price=(39, 180), colours=_TONES[:4], sizes=_CLOTHES[:3],
        peak_month=6, weight=1.3, demand=0.3,
        about=("Falls well, has pockets.", "From desk to dinner without a change of shoes."),
        goes_with={
            "Fashion > Accessories > Belts": 0.22,
            "Fashion > Women > Cardigans": 0.22,
        },
    ),
    Kind(
        path="Fashion > Women > Blouses",
        nouns=("silk blouse", "cotton blouse", "tie-neck blouse"),
        brands=_EVERYDAY, series=_SERIES, price=(29, 120), colours=_TONES[:4], sizes=_CLOTHES[:3],
        peak_month=4, about=("Light enough for summer, smart enough for Monday.",), demand=0.2,
    ),
    Kind(
        path="Fashion > Women > Cardigans",
        nouns=("merino cardigan", "long cardigan", "cropped cardigan"),
        brands=_EVERYDAY, series=_SERIES, price=(39, 140), colours=_TONES[2:],
        sizes=_CLOTHES[:3], peak_month=10, about=("The layer that decides an evening outside.",),
    ),
    Kind(
        path="Fashion > Men > Shirts",
        nouns=("oxford shirt", "linen shirt", "flannel shirt"),
        brands=_EVERYDAY, series=_SERIES, price=(29, 110), colours=("white", "sky", "navy"),
        sizes=_CLOTHES[1:], about=("Cut to be worn in or out.",), weight=1.1, demand=0.2,
        goes_with={"Fashion > Men > Chinos": 0.22},
    ),
    Kind(
        path="Fashion > Men > Chinos",
        nouns=("slim chinos", "straight chinos", "cord trousers"),
        brands=_EVERYDAY, series=_SERIES, price=(39, 120), colours=("camel", "navy", "olive"),
        sizes=("30", "32", "34", "36"), about=("A little stretch and a lot of wear.",),
        goes_with={"Fashion > Accessories > Belts": 0.30},
    ),
    Kind(
        path="Fashion > Men > Pullovers",
        nouns=("lambswool pullover", "cotton pullover", "roll-neck"),
        brands=_EVERYDAY, series=_SERIES, price=(39, 150), colours=_TONES[2:], sizes=_CLOTHES[1:],
        peak_month=11, about=("Warm without the weight.",), gift=0.5,
    ),
    Kind(
        path="Fashion > Outerwear > Jackets",
        nouns=("rain jacket", "quilted jacket", "denim jacket", "parka"),
        brands=_EVERYDAY, series=_SERIES, price=(69, 320), colours=_TONES[:4], sizes=_CLOTHES[:3],
        peak_month=10, weight=1.1, about=("Keeps weather out and shape in.",),
        goes_with={"Fashion > Accessories > Scarves & hats": 0.25},
    ),
    Kind(
        path="Fashion > Accessories > Scarves & hats",
        nouns=("wool scarf", "beanie", "silk scarf"),
        brands=_EVERYDAY, series=_SERIES, price=(15, 89), colours=_TONES, peak_month=12, gift=1.5,
        about=("The easiest present and the quickest change.",),
    ),
    Kind(
        path="Fashion > Accessories > Belts",
        nouns=("leather belt", "woven belt", "slim belt"),
        brands=_EVERYDAY, series=_SERIES, price=(19, 75), colours=("black", "brown"), gift=0.6,
        about=("Vegetable-tanned, and better every year.",), weight=0.7,
    ),
    Kind(
        path="Fashion > Shoes > Sneakers",
        nouns=("leather sneakers", "canvas sneakers", "retro runners"),
        brands=("Ardenne", "Pacer", "Sorrel", "Kaplan & Roe"), series=_SERIES, price=(49, 170),
        colours=("white", "black", "rose"), sizes=("38", "40", "42", "44"), peak_month=4,
        weight=1.2, demand=0.4, about=("Comfortable from the first step.",),
        goes_with={"Fashion > Shoes > Shoe laces & inserts": 0.22},
    ),
    Kind(
        path="Fashion > Shoes > Shoe laces & inserts",
        nouns=("cotton laces", "cork insoles", "shoe trees"),
        brands=("Ardenne", "Kaplan & Roe", "Tarnwick"), series=_SERIES[:5], price=(4, 32),
        weight=0.5, about=("Small things that give shoes a second year.",),
    ),
    Kind(
        path="Fashion > Sport > Running tops",
        nouns=("running tee", "running vest", "long-sleeve top"),
        brands=_ACTIVE, series=_SERIES, price=(19, 75), colours=("black", "sky", "rose"),
        sizes=_CLOTHES[:3], peak_month=4, about=("Dry by the time you have stretched.",),
        goes_with={"Fashion > Sport > Running shorts": 0.35},
    ),
    Kind(
        path="Fashion > Sport > Running shorts",
        nouns=("running shorts", "running tights", "split shorts"),
        brands=_ACTIVE, series=_SERIES, price=(25, 89), colours=("black", "navy"),
        sizes=_CLOTHES[:3], peak_month=5, about=("A pocket that holds a key and keeps it.",),
    ),
    Kind(
        path="Fashion > Sport > Yoga",
        nouns=("yoga mat", "yoga leggings", "yoga block, 2"),
        brands=_ACTIVE, series=_SERIES, price=(12, 95), colours=("sage", "black", "rose"),
        peak_month=1, about=("Grips when hands are damp.",), gift=0.3,
    ),
)  # fmt: skip
