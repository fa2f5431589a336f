"""Which shape a product is drawn as: the first word of its name or category that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

SHAPES = Path(__file__).parent / "shapes"
KINDS = frozenset(path.stem for path in SHAPES.glob("*.svg"))
UNKNOWN = "parcel"

# Shape -> words that mean it. A shape's own name needs no mention; plurals neither.
_WORDS = {
    "tee": "t-shirt tshirt tshirts top polo topwear tank vest jersey baselayer",
    "shirt": "blouse kurta kurtas overshirt pyjama nightdress loungewear robe",
    "sweater": "sweatshirt hoodie jumper pullover cardigan knitwear fleece knit",
    "jacket": "coat parka blazer anorak raincoat gilet windbreaker outerwear suit shell",
    "dress": "gown saree sari tunic jumpsuit kaftan",
    "trousers": "tights trouser jean jeans chino chinos legging leggings pants jogger "
    "track bottomwear",
    "shorts": "short swimwear trunk capri",
    "socks": "sock stocking footie",
    "shoe": "sneaker trainer runner running footwear loafer moccasin footwears walker hiking",
    "boot": "wellington boots ankle",
    "sandal": "sandals flip-flop slipper slide clog heel flats flip flops espadrille",
    "cap": "hat visor headwear sunhat",
    "beanie": "bobble",
    "scarf": "shawl stole dupatta wrap-scarf muffler",
    "gloves": "glove mitten",
    "handbag": "bag clutch purse pouchette satchel",
    "tote": "shopper jumbo carrier",
    "backpack": "rucksack daypack",
    "tie": "cufflink bow-tie",
    "watch": "smartwatch wristwatch",
    "glasses": "sunglass sunglasses eyewear goggle spectacles",
    "ring": "earring jewellery jewelry bracelet bangle brooch",
    "necklace": "pendant chain",
    "wallet": "cardholder passport",
    "briefs": "brief boxer trunks-boxer innerwear underwear",
    "bra": "camisole lingerie bikini",
    "mug": "cup espresso teacup beaker tumbler",
    "kettle": "moka",
    "plate": "dish tray platter saucer coaster tableware",
    "glass": "wineglass carafe jug pitcher smoothie",
    "pan": "wok skillet frying",
    "pot": "casserole saucepan cookware stockpot",
    "knife": "cutlery spoon fork scissors utensil spatula",
    "bottle": "passata wine beer juice oil vinegar syrup lemonade sauce drink "
    "sparkling water kombucha cola ketchup",
    "flask": "thermos canteen",
    "can": "soup tomato bean tuna sardine soda",
    "jar": "jam honey spread pesto pickle marmalade spice herb supplement mustard peanut vitamin",
    "pouch": "coffee nut granola almond muesli rice flour lentil sugar oat "
    "snack dried crisp chips quinoa",
    "carton": "milk creamer yoghurt yogurt oat-drink egg butter dairy",
    "packet": "tea cereal cracker biscuit cookie box cornflakes infusion powder capsule "
    "bags pantry",
    "bar": "chocolate cocoa candy sweet praline",
    "fruit": "apple vegetable orange pear banana lemon berry produce avocado",
    "bread": "loaf bakery bagel baguette roll-bread sourdough",
    "noodles": "pasta spaghetti penne noodle fusilli",
    "candle": "t-light tealight fragrance-candle diffuser light-holder incense holder",
    "vase": "jar-vase flower bouquet ornament decoration",
    "plant": "pot-plant planter seed houseplant herb-pot garden succulent monstera flowerpot",
    "lamp": "light lighting lampshade nightlight",
    "cushion": "pillow throw",
    "towel": "cloth napkin bathrobe linen tablecloth apron",
    "bed": "duvet bedding sheet mattress blanket quilt pillowcase",
    "chair": "stool armchair seat",
    "sofa": "couch furniture",
    "table": "desk bench sideboard",
    "shelf": "cabinet drawer bookcase wardrobe rack storage organiser",
    "rug": "carpet doormat",
    "clock": "alarm timer",
    "frame": "picture photo mirror poster print art",
    "basket": "hamper crate laundry",
    "tube": "toothpaste sunscreen gel hand-cream cleanser exfoliator scrub",
    "pump": "shampoo conditioner lotion handwash liquid wash serum hair",
    "cream": "moisturiser balm mask skin face skincare wax pomade",
    "lipstick": "makeup lip mascara eyeliner kajal nail polish",
    "perfume": "fragrance deodorant cologne toilette parfum",
    "soap": "shaving bath sponge",
    "brush": "comb toothbrush razor hairbrush",
    "phone": "smartphone iphone mobile telephone",
    "case": "cover protector sleeve",
    "laptop": "computer tablet macbook",
    "screen": "tv television monitor display projector",
    "headphones": "headphone earbud headset earphone audio",
    "speaker": "soundbar radio subwoofer loudspeaker",
    "camera": "lens tripod webcam",
    "cable": "charger adapter usb battery plug accessory electronics",
    "console": "gamepad controller gaming playstation",
    "washer": "dryer dishwasher oven microwave appliance hob",
    "fridge": "refrigerator freezer",
    "mixer": "blender toaster juicer grinder processor",
    "vacuum": "hoover iron mop broom",
    "book": "novel cookbook guide paperback hardback",
    "notebook": "journal diary planner notepad stationery sketchbook",
    "pen": "pencil crayon marker highlighter",
    "card": "postcard invitation sticker envelope",
    "gift": "ribbon wrap party present voucher",
    "ball": "football basketball sport",
    "dumbbell": "kettlebell weight fitness barbell gym",
    "mat": "yoga pilates",
    "tent": "camping tarp hammock",
    "bike": "bicycle cycling helmet scooter",
    "racket": "tennis badminton paddle",
    "teddy": "bear doll plush toy rabbit soft-toy baby",
    "blocks": "block building cube brick",
    "puzzle": "game jigsaw boardgame",
    "car": "truck train vehicle tyre auto",
    "guitar": "ukulele violin piano instrument music",
    "tool": "hammer screwdriver wrench spanner spade trowel pliers",
    "drill": "saw sander diy",
    "pet": "dog cat kibble litter leash treats",
    "pack": "nappy diaper wipe tissue",
    "roll": "toilet kitchen-roll foil tape",
    "watering": "hose sprinkler",
    "umbrella": "parasol brolly",
    "suitcase": "luggage trolley holdall travel",
    "lunchbox": "lunch container bento food-box",
    "bunting": "garland banner flag streamer",
    "cake": "cakestand muffin baking birthday tart",
    "heart": "hanging charm bauble",
    "sign": "plaque chalkboard blackboard doorsign",
    "stove": "cooker burner",
    "gas": "propane",
    "lantern": "torch headlamp flashlight",
    "coffeemachine": "machine percolator",
    "board": "whetstone sharpener",
    "printer": "scanner",
    "cartridge": "toner ink",
    "spray": "softener remover cleaner rinse aid household detergent dishwashing",
    "ream": "paper sheets",
    "keyboard": "keypad",
    "mouse": "mice",
    "bulb": "filament",
    "cheese": "mozzarella feta cheddar parmesan",
    "pegs": "peg line",
    "rollingpin": "whisk piping scale",
    "tin": "mould springform",
    "laces": "lace insole tree",
}

# Two words that mean something else together than their last one does alone.
_PHRASES = {
    "sleeping bag": "sleepingbag", "sleeping bags": "sleepingbag",
    "gas cartridge": "gas", "gas cartridges": "gas", "winter gas": "gas",
    "knife block": "knife", "yoga block": "blocks", "power bank": "powerbank",
    "power banks": "powerbank", "pot set": "pot", "trekking pack": "backpack",
    "day pack": "backpack", "pack liner": "backpack", "glass lid": "pan", "splatter screen": "pan",
    "cooking lids": "pan", "lunch bag": "lunchbox", "lunch box": "lunchbox", "tea bags": "packet",
    "earl grey": "packet", "coffee beans": "pouch", "coffee maker": "coffeemachine",
    "peanut butter": "jar", "cream cheese": "cheese", "oat drink": "carton",
    "almond drink": "carton", "black beans": "can", "toilet paper": "roll",
    "baking paper": "roll", "kitchen roll": "roll", "copy paper": "ream", "label tape": "roll",
    "hot water": "flask", "water bottle": "flask", "light holder": "candle",
    "paper lamp": "lamp", "dry food": "pet", "screen protector": "phone",
    "privacy protector": "phone", "chicken pouches": "can", "salmon pouches": "can",
    "baking powder": "packet", "curry powder": "jar", "mouse pad": "mouse", "desk pad": "mouse",
    "wrist rest": "mouse", "wool detergent": "spray", "sticky notes": "notes",
    "rain cover": "backpack",
    "cutlery set": "knife", "chocolate drops": "pouch", "dishwasher tabs": "packet",
    "dishwasher salt": "packet", "camp cookware": "pot", "motion sensor": "speaker",
    "instant film": "film", "sugar sticks": "packet", "ear pads": "headphones",
    "ear tips": "headphones", "travel case": "case", "tea towel": "towel", "flip flops": "sandal",
    "hand cream": "tube", "body wash": "pump", "washing up": "pump", "bed linen": "bed",
    "milk frother": "coffeemachine", "rolling pin": "rollingpin",
    "cake case": "cake", "paper chain": "bunting", "popcorn holder": "pouch",
    "jumbo bag": "tote", "shopper bag": "tote", "iron on": "card", "night light": "lamp",
    "christmas tree": "heart", "cake stand": "cake", "picture frame": "frame",
}  # fmt: skip
_SHAPE_OF = {word: shape for shape, words in _WORDS.items() for word in words.split()}
_SHAPE_OF.update({kind: kind for kind in KINDS if kind != "pack"})


@lru_cache(maxsize=65_536)
def kind_of(name: str, path: str) -> str:
    """The shape of a product called `name` in the category `path`.

    English puts the thing last ("coffee mug"), so the name is read from its end, then the
    category from its lowest level up.
    """
    for text in (name, *reversed(path.split(">"))):
        # A lid for a pan is a lid, and a mug with a lid is a mug.
        thing = re.split(r" (?:for|with) ", text.lower(), maxsplit=1)[0]
        words = re.findall(r"[a-z][a-z-]+", thing)
        found = _last(map(" ".join, pairwise(words)), _PHRASES) or _last(words, _SHAPE_OF)
        if found:
            return found
    return UNKNOWN


def _last(said: Iterable[str], meanings: Mapping[str, str]) -> str:
    """The shape of the last of these words or phrases that means one; empty when none does."""
    for word in reversed(list(said)):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in meanings:
                return meanings[form]
    return ""
