"""Grocery: what is used up and bought again, and what is cooked together."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_PANTRY = ("Hollin & Rye", "Good Acre", "Casa Levante", "Miller's Yard")
_FRESH = ("Good Acre", "Dairy Lane", "Meadow Nine")
_CLEAN = ("Claro", "Birch & Bay", "Everyday")

GROCERY = (
    Kind(
        path="Grocery > Breakfast > Muesli & oats",
        nouns=("rolled oats 1 kg", "crunchy muesli 500 g", "nut granola 400 g", "porridge 750 g",
               "fruit muesli 750 g"),
        brands=_PANTRY, price=(1.5, 7), cycle_days=16, demand=0.9, weight=1.2,
        about=("Toasted in small batches and not too sweet.",),
        goes_with={"Grocery > Dairy > Milk & drinks": 0.40},
    ),
    Kind(
        path="Grocery > Breakfast > Honey & spreads",
        nouns=("forest honey 500 g", "strawberry jam 340 g", "hazelnut spread 350 g",
               "peanut butter 350 g", "apricot jam 340 g"),
        brands=_PANTRY, price=(2, 9), cycle_days=35, demand=0.6, gift=0.3,
        about=("Fruit first, sugar second.", "Spreads straight from the fridge."),
    ),
    Kind(
        path="Grocery > Breakfast > Coffee & tea",
        nouns=("ground coffee 500 g", "coffee beans 1 kg", "earl grey, 50 bags",
               "green tea, 50 bags", "herbal tea, 20 bags"),
        brands=("Casa Levante", "Hollin & Rye", "Miller's Yard", "Linden"), price=(2.5, 18),
        cycle_days=25, demand=0.9, weight=1.2, gift=0.4,
        about=("Roasted and blended for every morning, not for special ones.",),
    ),
    Kind(
        path="Grocery > Dairy > Milk & drinks",
        nouns=("whole milk 1 l", "oat drink 1 l", "semi-skimmed milk 1 l", "almond drink 1 l",
               "barista oat drink 1 l"),
        brands=_FRESH, price=(0.9, 3), cycle_days=7, demand=1.3,
        about=("From farms within an hour of the dairy.", "Froths well, keeps well."),
    ),
    Kind(
        path="Grocery > Dairy > Yoghurt & cheese",
        nouns=("plain yoghurt 500 g", "mountain cheese 200 g", "mozzarella 125 g",
               "cream cheese 150 g", "skyr 450 g"),
        brands=_FRESH, price=(1, 6), cycle_days=9, demand=1.1,
        about=("Mild, fresh and gone by Thursday.",),
    ),
    Kind(
        path="Grocery > Pantry > Pasta",
        nouns=("spaghetti 500 g", "penne 500 g", "wholegrain fusilli 500 g", "linguine 500 g",
               "tagliatelle 500 g"),
        brands=_PANTRY, price=(1, 4.5), cycle_days=20, demand=0.9,
        about=("Rough on the outside, so that sauce stays.",),
        goes_with={
            "Grocery > Pantry > Sauces": 0.50,
            "Grocery > Pantry > Oil & vinegar": 0.15,
        },
    ),
    Kind(
        path="Grocery > Pantry > Sauces",
        nouns=("tomato sauce 400 g", "basil pesto 190 g", "arrabbiata 400 g", "passata 700 g",
               "red pesto 190 g"),
        brands=_PANTRY, price=(1.5, 6), cycle_days=22, demand=0.7,
        about=("Tomatoes, oil, salt, time.",),
        goes_with={"Grocery > Pantry > Pasta": 0.30},
    ),
    Kind(
        path="Grocery > Pantry > Oil & vinegar",
        nouns=("olive oil 0.5 l", "olive oil 1 l", "rapeseed oil 1 l", "balsamic vinegar 250 ml",
               "apple vinegar 0.5 l"),
        brands=_PANTRY, price=(2, 19), cycle_days=50, demand=0.5, gift=0.4,
        about=("Pressed within a day of picking.",),
    ),
    Kind(
        path="Grocery > Pantry > Rice & pulses",
        nouns=("basmati rice 1 kg", "red lentils 500 g", "chickpeas 400 g", "risotto rice 500 g",
               "black beans 400 g"),
        brands=_PANTRY, price=(1, 6), cycle_days=28, demand=0.6,
        about=("Cooks evenly and keeps for a year.",),
        goes_with={"Grocery > Pantry > Spices": 0.25},
    ),
    Kind(
        path="Grocery > Pantry > Spices",
        nouns=("curry powder 50 g", "smoked paprika 45 g", "black pepper 60 g", "cumin 50 g",
               "cinnamon 50 g"),
        brands=("Hollin & Rye", "Miller's Yard", "Casa Levante"), price=(1.5, 6), cycle_days=90,
        demand=0.2, about=("Ground the week it was packed.",),
    ),
    Kind(
        path="Grocery > Baking > Flour & sugar",
        nouns=("wheat flour 1 kg", "spelt flour 1 kg", "cane sugar 500 g", "icing sugar 250 g",
               "baking powder, 6"),
        brands=_PANTRY, price=(0.8, 4), cycle_days=40, demand=0.4, peak_month=12,
        about=("Milled finely, sifted twice.",),
        goes_with={"Grocery > Baking > Chocolate & nuts": 0.35},
    ),
    Kind(
        path="Grocery > Baking > Chocolate & nuts",
        nouns=("dark chocolate 70 %", "chopped almonds 200 g", "milk chocolate 100 g",
               "walnuts 200 g", "chocolate drops 250 g"),
        brands=("Linden", "Hollin & Rye", "Casa Levante"), price=(1.2, 6), cycle_days=20,
        demand=0.8, peak_month=12, gift=0.9, about=("Melts slowly, snaps cleanly.",),
    ),
    Kind(
        path="Grocery > Snacks > Crisps & crackers",
        nouns=("sea salt crisps 150 g", "sourdough crackers 200 g", "paprika crisps 150 g",
               "rice crackers 100 g", "olives 150 g"),
        brands=("Hollin & Rye", "Good Acre", "Everyday"), price=(1.2, 4.5), cycle_days=12,
        demand=0.8, about=("For the sofa, the picnic and the train.",),
    ),
    Kind(
        path="Grocery > Household > Washing",
        nouns=("colour detergent 1.5 l", "white detergent 1.5 l", "wool detergent 1 l",
               "fabric softener 1 l", "stain remover 500 ml"),
        brands=_CLEAN, price=(3, 14), cycle_days=42, demand=0.6,
        about=("Cleans at 30 degrees and smells of nothing much.",),
    ),
    Kind(
        path="Grocery > Household > Dishwashing",
        nouns=("dishwasher tabs, 60", "washing-up liquid 500 ml", "rinse aid 750 ml",
               "dishwasher salt 1.5 kg", "sponges, 6"),
        brands=_CLEAN, price=(1.5, 13), cycle_days=38, demand=0.6,
        about=("Shine without the chemistry lesson.",),
    ),
    Kind(
        path="Grocery > Household > Paper",
        nouns=("toilet paper, 16 rolls", "kitchen roll, 4", "tissues, 10", "baking paper"),
        brands=_CLEAN, price=(2, 12), cycle_days=25, demand=0.7,
        about=("Recycled, soft and strong enough.",),
    ),
    Kind(
        path="Grocery > Pets > Cat food",
        nouns=("chicken pouches, 12", "salmon pouches, 12", "dry food 2 kg", "kitten food 1 kg",
               "treats 60 g"),
        brands=("Purrfield", "Tomkin", "Good Acre"), price=(2, 22), cycle_days=14, demand=0.1,
        about=("Named meat on the label and nothing to hide.",),
        goes_with={"Grocery > Pets > Cat litter": 0.35},
    ),
    Kind(
        path="Grocery > Pets > Cat litter",
        nouns=("clumping litter 10 l", "wood litter 10 l", "fine litter 6 kg"),
        brands=("Purrfield", "Tomkin", "Everyday"), price=(4, 16), cycle_days=21, demand=-0.1,
        weight=0.5, about=("Low on dust, quick to clump.",),
    ),
)  # fmt: skip
