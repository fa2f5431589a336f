"""Office: what companies order again and again, and what a home office needs once."""

from __future__ import annotations

from example_shop.simulator.goods.kind import Kind

_DESK = ("Ledger & Co", "Plain Parts", "Halden", "Northdesk")
_SERIES = ("Basic", "Pro", "Studio", "Metro", "Atlas", "Compact", "Duo", "Prime")
_PRINTER = "Office > Printing > Printers"

OFFICE = (
    Kind(
        path="Office > Paper > Copy paper",
        nouns=("copy paper A4, 500 sheets", "recycled paper A4, 500 sheets",
               "heavy paper A4, 250 sheets"),
        brands=_DESK, price=(4, 14), cycle_days=21, weight=0.5, demand=0.3,
        about=("Runs through every printer without a jam.",),
    ),
    Kind(
        path="Office > Paper > Notebooks",
        nouns=("notebook A5, dotted", "notebook A4, lined", "pocket notebook"),
        brands=("Ledger & Co", "Linnet House", "Northdesk"), series=_SERIES, price=(4, 28),
        colours=("black", "sage", "rust"), peak_month=9, gift=0.9, cycle_days=75,
        about=("Paper that ink does not bleed through.",),
        goes_with={"Office > Writing > Pens": 0.40},
    ),
    Kind(
        path="Office > Writing > Pens",
        nouns=("gel pens, 6", "ballpoint pens, 10", "fineliner set", "fountain pen"),
        brands=("Ledger & Co", "Northdesk", "Quillon"), series=_SERIES, price=(4, 45),
        peak_month=9, gift=0.5, cycle_days=80, about=("Starts at the first stroke.",),
    ),
    Kind(
        path="Office > Writing > Markers & labels",
        nouns=("whiteboard markers, 4", "highlighters, 6", "label tape", "sticky notes, 12"),
        brands=_DESK, series=_SERIES[:4], price=(3, 18), cycle_days=50, weight=0.8,
        about=("Legible from the back row.",),
    ),
    Kind(
        path=_PRINTER, nouns=("laser printer", "inkjet printer", "label printer"),
        brands=("Corvane", "Papermill", "Auren"), series=_SERIES, price=(89, 420), weight=0.5,
        about=("Prints on both sides and says when it is out of paper.",), demand=-0.6,
        goes_with={
            "Office > Printing > Ink & toner": 0.60,
            "Office > Paper > Copy paper": 0.35,
        },
    ),
    Kind(
        path="Office > Printing > Ink & toner",
        nouns=("black cartridge", "colour cartridge set", "XL cartridge"),
        brands=("Corvane", "Papermill", "Refill Works"), price=(14, 89), cycle_days=55,
        fits=_PRINTER, weight=1.0, about=("Prints the pages it promises.",),
    ),
    Kind(
        path="Office > Desk > Desk lamps",
        nouns=("desk lamp", "clamp lamp", "monitor light"), brands=_DESK, series=_SERIES,
        price=(25, 140), colours=("black", "white"), peak_month=10, weight=0.7,
        about=("Light on the work, not in the eyes.",),
    ),
    Kind(
        path="Office > Desk > Keyboards & mice",
        nouns=("keyboard", "silent mouse", "keyboard and mouse set"),
        brands=("Auren", "Northdesk", "Plain Parts"), series=_SERIES, price=(19, 150),
        colours=("black", "white"), about=("Quiet enough for shared rooms.",),
        goes_with={"Office > Desk > Wrist rests & pads": 0.30},
    ),
    Kind(
        path="Office > Desk > Wrist rests & pads",
        nouns=("wrist rest", "desk pad", "mouse pad"), brands=_DESK, series=_SERIES,
        price=(8, 45), weight=0.6, about=("Soft where the hand lies all day.",),
    ),
    Kind(
        path="Office > Kitchen > Meeting supplies",
        nouns=("sugar sticks, 500", "paper cups, 100", "coffee creamers, 200", "biscuits, 120"),
        brands=("Everyday", "Good Acre", "Ledger & Co"), price=(5, 26), cycle_days=28,
        weight=0.7, about=("For meetings that start with coffee.",), demand=-0.2,
        goes_with={"Grocery > Breakfast > Coffee & tea": 0.30},
    ),
)  # fmt: skip
