"""Every number of the simulated shop, with its reason. One file, so that nobody tunes in secret.

Where a reason names no source it is an assumption about shops in general, made once and kept.

The rule: these numbers are fixed before a method is measured on them. Whoever changes one adds
a line to the notes below with the date, the number, and why the shop was less believable before;
"the method scored better" is no reason. Figures from before and after a change are never shown
side by side. The newest note ends with a fingerprint of all numbers, here, in `errands` and in
`goods`, and the next one brings its own; a test says which, and fails where a number changed
without a note. Another test fails where a mechanism holds a number of its own.

Notes
-----
2026-11-24  first set, before any method had been measured.
2026-11-24  `ready` 0.4 to 0.25, `cart` 0.3 to 0.5, `focus` 0.6 to 0.5, `regulars` 5 to 8: an order
            held 2.0 lines, where the groceries of Ta-Feng hold 6.2 and those of Online Retail 27.
            (Changed after a first trial of the method; earlier figures were thrown away.)
            [numbers 73f568e5cfe3]
2026-11-29  no number changed, and the year is the same to the last line: those of the errands, and
            those that stood in the mechanisms (hours, price steps, likeness...), are now among
            these, so that they cannot change without a note either. [numbers 9b1c8e892609]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.errands import ERRANDS, LIVES, Errand


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """How the shelves are filled."""

    popularity_spread: float = 0.9
    """Standard deviation of a product's log popularity. With it the best tenth of the products is
    in nearly half of all order lines, as in Online Retail (44 %) and Ta-Feng (53 %)."""
    look_dimensions: int = 6
    """Independent traits of style (plain or playful, rustic or modern...) that tastes go by."""
    new_this_year: float = 0.15
    """Share of products published during the history; these have fewer buyers, as new ones do."""
    sales_a_year: float = 1.6
    """Mean number of price cuts a product sees in a year."""
    sale_days: tuple[int, int] = (6, 16)
    """Shortest and longest price cut, in days."""
    sale_depth: tuple[float, float] = (0.12, 0.40)
    """Smallest and largest cut, as a share of the usual price."""
    winter_sale_share: float = 0.35
    """Share of products that also take part in the sale of late November."""
    sold_out: float = 0.04
    """Share of variants without stock on the last day."""
    switched_off: float = 0.01
    """Share of products the merchant has taken off sale since."""
    partners_a_kind: int = 2
    """Products of another kind that truly go with one product, where the kinds go together."""
    substitutes: int = 5
    """Products of its own kind that would do instead of one."""
    oldest_days: int = 1_100
    """Days that what is not new has been on sale at most: up to three years."""
    brand_sets_price: float = 0.6
    """Share of a product's place in the price range of its kind that its brand decides, the rest
    being its own: brands are dear or cheap, and each has a range."""
    price_jitter: float = 0.08
    """Standard deviation of that place beyond both, as a share of the range."""
    price_steps: tuple[tuple[float, float, float], ...] = (
        (10, 0.1, 0.01),
        (40, 0.5, 0.05),
        (150, 1.0, 0.1),
        (inf, 5.0, 0.1),
    )
    """Below so many euros, prices go in such steps and end so much below one: 4.79, 24.45, 119.90,
    as price labels do."""
    colours: tuple[int, int] = (1, 3)
    """Fewest and most of its kind's colours that a product comes in."""
    stock: tuple[int, int] = (3, 119)
    """Fewest and most pieces of a variant that is not sold out."""
    price_apart: float = 2.0
    """What the whole range of prices between two products takes from their likeness, in which two
    of one style have 1 on average."""
    brand_alike: float = 0.5
    """What the same brand adds to it."""
    partner_chance: float = 0.3
    """Standard deviation of what else makes two products partners: not all of it can be seen."""


@dataclass(frozen=True, kw_only=True)
class Shoppers:
    """Who shops: shares of people and how strong their tastes are. Used by both families."""

    visits_a_year: float = 24.0
    """Median visits. An assumption: twice a month, since there is a grocery aisle."""
    activity_spread: float = 0.7
    """Standard deviation of log activity: the busiest tenth does more than a quarter of visits."""
    waits_for_sales: float = 0.15
    """Share of shoppers who hardly ever pay the full price."""
    households: float = 0.12
    """Share of accounts used by two people whose tastes differ, one by day, one in the evening."""
    in_company: float = 0.03
    """Share of shoppers who buy for a company."""
    company_size: tuple[int, int] = (2, 4)
    """Fewest and most users of one company account."""
    consenting: float = 0.6
    """Share whose visits may be recorded. An assumption: rather more than half agree."""
    gifts_a_year: float = 1.0
    """Mean one-off presents a shopper buys, outside all tastes."""
    gift_peak: float = 0.6
    """Share of all presents bought in the four weeks before 24 December."""
    bots: float = 0.01
    """Robots for each shopper. They look at very much and never buy."""
    bot_views: tuple[int, int] = (100, 600)
    """Fewest and most pages a robot opens in a year."""
    honest_bots: float = 0.5
    """Share of robots that say so in their user agent."""
    usual_hour: tuple[float, float] = (15.0, 4.0)
    """Mean and standard deviation of the hour at which people usually shop."""
    usual_hours: tuple[float, float] = (7.0, 22.0)
    """Earliest and latest such usual hour."""
    hour_spread: float = 2.0
    """Standard deviation of one visit around the usual hour."""
    awake: tuple[float, float] = (6.0, 23.5)
    """Earliest and latest hour of any visit of a person."""
    evening: float = 17.0
    """Hour from which it is the second person of a household who shops."""
    evening_hours: tuple[float, float] = (18.0, 23.0)
    """When that person does."""
    day_hours: tuple[float, float] = (7.0, 15.0)
    """When the first one does."""
    middling: float = 2.0
    """Both parameters of the beta distribution of traits between 0 and 1 (build, usual price):
    most people are in the middle, and a few at each end."""
    gift_days: tuple[int, int] = (330, 357)
    """First and last of those weeks, in days since New Year: 27 November to 24 December."""
    look_seconds: tuple[int, int] = (30, 1_200)
    """How long before its end a visit's looks lie: within some twenty minutes."""
    cart_seconds: tuple[int, int] = (1, 30)
    """The same for what goes into the cart: decisions come at the end."""


@dataclass(frozen=True, kw_only=True)
class Taste:
    """The first family: latent tastes and a choice among what a shopper likes."""

    department: float = 1.2
    """Standard deviation of log interest in departments: most people shop in two or three."""
    kind: float = 1.0
    """The same for the kinds of goods within them."""
    look: float = 0.9
    """Weight of a product's style against a shopper's."""
    brand: float = 0.6
    """Standard deviation of log preference for brands."""
    price: float = 1.3
    """How fast interest falls away from a shopper's usual price position (squared distance)."""
    grocery_appeal: float = 0.2
    """Added log interest of groceries, beyond what their kinds have: nearly everyone buys some."""
    season: float = 1.1
    """Log height of a seasonal kind's peak over its low."""
    on_sale: float = 0.5
    """Added log interest in a product while its price is cut."""
    focus: float = 0.5
    """Share of a visit's views within the kind it came for; the rest wanders."""
    views: tuple[int, int] = (3, 12)
    """Fewest and most products looked at in a visit."""
    ready: float = 0.25
    """Share of visits of people ready to buy; in the others they only look and fill carts."""
    cart: float = 0.50
    """Chance that a looked-at product goes into the cart."""
    buy: float = 0.80
    """Chance that a product in the cart is bought by somebody ready to; one of a kind a visit."""
    patience: float = 0.08
    """What a sale waiter's chance to buy is multiplied by at the full price."""
    sale_joy: float = 1.7
    """The same when the price is cut."""
    company_pull: float = 3.0
    """Added log interest of a company's users in office goods, and taken from all others."""


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What both families do by habit."""

    has_regulars: float = 0.4
    """Share of shoppers who buy some things here again and again; others do that elsewhere."""
    regulars: float = 8.0
    """Mean number of such products for one of average appetite; company users all have some."""
    appetite: tuple[float, float] = (0.3, 2.5)
    """Smallest and largest appetite, as visits against the median: the busiest have not fifty."""
    hour_spread: float = 1.0
    """Standard deviation of a regular round around the usual hour: habits are more punctual."""
    shopping_every_days: int = 14
    """Regular things wait for a shopper's next round, a fortnight apart: it makes one basket."""
    pace_spread: float = 0.30
    """Standard deviation of a person's log pace against the kind's usual days."""
    jitter: float = 0.22
    """Standard deviation of one interval around the person's own, as a share of it."""
    keeps_product: float = 0.85
    """Chance that the same product is bought again; otherwise another of its kind."""
    gives_up: float = 0.04
    """Chance after each purchase that the habit ends."""
    adds_complement: float = 1.0
    """Multiplies the chances in `goods` that a partner is bought too; 1 takes them as they are."""
    complement_later: float = 0.3
    """Share of partners bought later, in an order of their own."""
    later_days: tuple[int, int] = (2, 14)
    """Soonest and latest such later order."""
    refunds: float = 0.03
    """Chance that a bought product comes back."""
    refunds_sized: float = 0.14
    """The same for what comes in sizes, and is sent back when it does not fit."""
    returned_days: tuple[int, int] = (4, 21)
    """Soonest and latest day on which something comes back: posted, tried on, sent off."""
    unpaid: float = 0.01
    """Share of orders that were never paid; they teach nothing."""
    company_pieces: tuple[int, int] = (2, 24)
    """Fewest and most pieces of one line in a company's order."""
    grocery_pieces: float = 0.35
    """Chance of each further piece of a grocery."""
    searches: float = 0.35
    """Share of visits that start with a search."""


@dataclass(frozen=True, kw_only=True)
class Missions:
    """The second family: people on errands, without latent tastes. For final figures only."""

    days_between: float = 15.0
    """Median days between errands."""
    spread: float = 0.6
    """Standard deviation of the log of those days, between people and between errands."""
    same_again: float = 0.55
    """Chance to take the product chosen last time in the kind."""
    tier_loyalty: float = 0.75
    """Chance to stay in one's price tier (basic, middle, premium) for one choice."""
    look_around: float = 1.8
    """Mean further products of the kind looked at before a choice."""
    left_in_cart: float = 0.3
    """Chance that what was chosen but not bought is left in the cart."""
    browse_only: float = 0.45
    """Share of errands that end without an order."""
    pace_days: tuple[float, float] = (3.0, 120.0)
    """Fewest and most median days between one person's errands."""
    errands: tuple[Errand, ...] = ERRANDS
    """What people go shopping for."""
    lives: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: LIVES)
    """Which errands each way of life asks for."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All of them. The defaults are the shop; tests make smaller or extreme ones."""

    days: int = 365
    """Length of the history: each season once."""
    held_out_days: int = 30
    """Days after it that no method sees, to be predicted."""
    last_day: str = "2026-10-31"
    """Last day of the history, so that a run of next year gives the same orders."""
    catalogue: Catalogue = Catalogue()
    shoppers: Shoppers = Shoppers()
    taste: Taste = Taste()
    habits: Habits = Habits()
    missions: Missions = Missions()


def dates_of(parameters: Parameters, days: int) -> NDArray[np.datetime64]:
    """(days,) dates from the first day of the history on."""
    first = np.datetime64(parameters.last_day, "D") - np.timedelta64(parameters.days - 1, "D")
    return first + np.arange(days).astype("timedelta64[D]")
