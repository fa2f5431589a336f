"""One question of a page in a form that can be compared: which block, from what, how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from persona_django import conf
from persona_django.catalogue.cleaning import category_path
from persona_django.catalogue.paths import follow, relations_on
from persona_django.catalogue.refs import own_key, parse_seed
from persona_django.catalogue.registry import item_maps, map_for
from persona_django.exceptions import BadCategory, BadSituation, BadSize, NotRegistered
from persona_django.tracking.situations import DEVICES, ENTRIES, time_of_day

Seed = tuple[str, str]
"""Model label and key of one of the shop's rows."""

MOST_SEEDS = 100
"""More lines of a cart than this say nothing new and cost a query each page."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One block, asked for in one place of a page."""

    slug: str
    seeds: tuple[Seed, ...] = ()
    cart: tuple[Seed, ...] = ()
    size: int
    category: str = ""
    """Path of the category of which alone something is shown, from the top; empty: any."""
    device: str = ""
    """What kind of screen it is for, where whoever asks says so."""
    entry: str = ""
    """How its shopper came to the shop, where whoever asks says so."""

    def is_answered_by(self, other: Ask) -> bool:
        """Whether the answer to `other` answers this, which may leave out seeds and cart."""
        return (
            self.slug == other.slug
            and self.seeds in ((), other.seeds)
            and self.cart in ((), other.cart)
            and (self.category, self.device, self.entry)
            == (other.category, other.device, other.entry)
        )

    def situations(self, at: int | None) -> tuple[str, ...]:
        """In which situations the answer is seen: at what time of day, if it is seen at `at`, in
        seconds since 1970, and what else the question says.

        The clock is the same for everybody. The device and the way in are not: a cache that keeps
        a page would show it to others, so that they count only where whoever asks names them.
        """
        time = "" if at is None else time_of_day(at)
        return tuple(filter(None, (time, self.device, self.entry)))


def ask_of(
    slug: str,
    *,
    seeds: Any = (),
    size: Any = None,
    cart: Any = (),
    category: Any = None,
    device: str = "",
    entry: str = "",
) -> Ask:
    """The question in its canonical form. Raises NotRegistered when no seed can be understood,
    BadCategory for what is no category, and BadSituation for a device or an entry that there is
    none of.

    Sizes are cut to the setting MAX_BLOCK_SIZE, so that no address makes more work than that.
    """
    return Ask(
        slug=str(slug),
        seeds=_named(listed(seeds), strict=True),
        cart=_named(listed(cart), strict=False),
        size=size_of(size),
        category="" if category is None else category_of(category),
        device=_one_of(device, DEVICES, "device"),
        entry=_one_of(entry, ENTRIES, "entry"),
    )


def _one_of(given: str, known: tuple[str, ...], name: str) -> str:
    if given and given not in known:
        raise BadSituation(
            f"{name}={str(given)[:40]!r} is none. Leave it out, or write {' or '.join(known)}."
        )
    return given or ""


def category_of(category: Any) -> str:
    """The path of a category, given as text, as a list of its levels, or as the shop's own object
    where an item map's `category` leads through it. Raises BadCategory."""
    given = category
    if not isinstance(given, (str, Promise, list, tuple)):
        given = _path_of_object(given)
    path = category_path(given)
    if not path:
        raise BadCategory(
            f"category={str(category)[:40]!r} is no category. Write its path from the top, as "
            '"Shoes > Trail", or a list of its levels, and check the name of the variable.'
        )
    return path


def _path_of_object(category: Any) -> Any:
    """What the item maps read of a category that is an object of the shop's; "" for what none of
    them leads through."""
    # The class as the object gives it: a lazy object stands for another one's.
    model = category.__class__
    for item_map in item_maps().values():
        path = item_map.path("category")
        for relation, beyond in relations_on(item_map.model, path) if path else ():
            if issubclass(model, relation.related_model):
                return follow(category, beyond)
    return ""


def size_of(size: Any) -> int:
    """How many slots to fill: at least 1, at most MAX_BLOCK_SIZE, BLOCK_SIZE when not said.

    Raises BadSize, saying what to write, for what is no number.
    """
    settings = conf.current()
    try:
        wanted = settings.block_size if size is None else int(size)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSize(
            f"size={str(size)[:40]!r} is no number of items. Write a whole number, as size=6, or "
            "check the name of the variable in the template."
        ) from error
    return max(1, min(wanted, settings.max_block_size))


def seed_of(seed: Any) -> Seed:
    """Label and key of a product, an address such as "shop.product:31", a key, or such a pair."""
    if seed is None or seed == "":
        raise NotRegistered(
            "A block was given an empty value instead of a product. Check the name of the "
            "variable in the template."
        )
    if isinstance(seed, (str, int, UUID)):
        # A bare key, such as `product.pk` in a template, is as good as its text.
        return parse_seed(str(seed))
    if isinstance(seed, tuple) and len(seed) == 2:
        label = map_for(str(seed[0])).label
        return label, own_key(label, seed[1])
    # The class as the object gives it: a lazy object stands for another one's.
    label = map_for(seed.__class__).label
    return label, own_key(label, seed.pk)


def listed(given: Any) -> tuple[Any, ...]:
    """A lone product or address is as good as a list of one; never more than `MOST_SEEDS`.

    Lists among them count as what they hold, because a template can only name a list as a whole.
    """
    return tuple(islice(_each(given, within=False), MOST_SEEDS))


def _each(given: Any, *, within: bool) -> Iterator[Any]:
    is_one = (
        isinstance(given, (str, Mapping))
        or hasattr(given, "_meta")
        or not isinstance(given, Iterable)
        or (within and isinstance(given, tuple) and given[:1] and isinstance(given[0], str))
    )
    if is_one:
        yield given
        return
    for one in given:
        if within:
            yield one
        else:
            yield from _each(one, within=True)


def _named(given: Iterable[Any], *, strict: bool) -> tuple[Seed, ...]:
    """What can be understood; with `strict` at least one must be, when any was given."""
    named: dict[Seed, None] = {}
    refused: NotRegistered | None = None
    for seed in given:
        try:
            named[seed_of(seed)] = None
        except NotRegistered as error:
            refused = refused or error
    if strict and refused is not None and not named:
        raise refused
    return tuple(named)
