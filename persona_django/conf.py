"""One typed Settings object, read from `settings.PERSONA`.

Each setting carries its default and its reason. Unknown or impossible values are system checks
(`persona.E001`, `persona.E002`), never exceptions on a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

IS_ANSWER: Mapping[str, bool] = {"is_answer": True}
"""Metadata of a setting whose default, written down, does something else than leaving it out."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a shop may set in `PERSONA = {...}`; keys are written in capitals there."""

    enabled: bool = True
    """False makes the app inert: no query, no signal, no cookie, no task (deletion by age and the
    finishing of erasures included), and tags render nothing."""
    currency: str = "EUR"
    """ISO 4217 code of prices whose map names no currency."""
    store_of: str = ""
    """Dotted path of a function request -> store number. Empty: store 1 for everyone."""
    account_of: str = ""
    """Dotted path of a function (user, request) -> the company that user buys for, which
    `ItemMap.visible` is then asked about; request is None for e-mails. Empty: no accounts."""
    rest_rate: str = "300/min"
    """Most REST requests of one signed-in user or address, as REST framework writes rates; a
    network may make ten times that.
    Empty: no limit of ours, for shops whose own server asks on behalf of all its visitors."""
    visit_gap: timedelta = timedelta(minutes=30)
    """Silence after which a shopper's next event starts a new visit."""
    min_support: int = 3
    """Distinct shoppers behind a pair before anyone is shown it (noise)."""
    min_buyers: int = 5
    """Distinct buyers behind anything shown from purchases (privacy). At least 3."""
    min_log_likelihood: float = 3.84
    """Log-likelihood ratio a pair must reach; 3.84 is chance at 5 % for one pair."""
    support_prior: float = 10.0
    """Shoppers at which a similarity keeps half its size: fewer are pulled towards zero."""
    popularity_discount: float = 0.5
    """Exponent on each item's norm: 0.5 is the cosine, more discounts popular items harder."""
    neighbours_kept: int = 50
    """Neighbours stored for each item and relation."""
    events_per_shopper: int = 500
    """Newest interactions of one shopper that count; bounds both cost and one person's sway."""
    basket_items: int = 100
    """Distinct items of one order that count; a wholesale order must not make every pair."""
    interest_half_life: timedelta = timedelta(days=60)
    """Age at which an interaction counts half for `similar`."""
    purchase_half_life: timedelta = timedelta(days=365)
    """Age at which an order counts half for `bought-together`."""
    event_weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "view": 1.0,
            "click": 2.0,
            "dwell": 1.0,
            "engage": 3.0,
            "play": 1.0,
            "progress": 2.0,
            "finish": 4.0,
            "revisit": 2.0,
            "cart_add": 3.0,
            "save": 3.0,
            "more_like": 3.0,
            "purchase": 5.0,
        }
    )
    """Weight of each kind of event in `similar`; given keys replace these, others stay. What is
    measured as a share or against what is usual counts for that part of its weight."""
    event_kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Kinds of event of the shop's own: name to `number` (64 to 127, never changed again),
    `weight` (0 when left out), `half_life` (a timedelta; that of `similar` when left out) and
    `sender`, "browser" or "shop" (when left out): who may report it."""
    min_training_shoppers: int = 25
    """Shoppers with two or more items before a relation goes live; below it fallbacks serve."""
    min_coverage_kept: float = 0.5
    """Share of the live version's items that a new one must still cover to replace it."""
    min_overlap_kept: float = 0.2
    """Share of the first ten beside the busiest items that a new version must have in common with
    the live one to replace it: lists that change altogether rest on broken input."""
    min_quality_kept: float = 0.5
    """What a new version's ranker must find of what shoppers looked at next, as a share of what
    that of the live one found when it was learnt, to replace it."""
    assertions: tuple[Mapping[str, Any], ...] = ()
    """What must hold of a version before it goes live, but for one that is to show less (see
    docs/operating.md), a dict each, with `kind` where only one relation is meant:
    `{"in_stock": 0.8}`, the share of the first ten of all lists;
    `{"never_beside": ("Drinks > Alcohol", "Baby")}`, categories; `{"golden": ("shop.product:31",
    "shop.product:42"), "kind": "bought-together", "within": 10}`, the second beside the first."""
    similarity_backend: str = "auto"
    """`auto` uses the compiled kernel when numba is installed; `numba` or `scipy` force one."""
    learning_threads: int = 2
    """Threads of the similarity kernel, and of sorting and unpacking a long history, and
    connections (at most four) that read it side by side; with 1, learning reads on the connection
    it has."""
    bases_kept: int = 3
    """Complete versions of each kind kept for rollback."""
    cache_folder: str = ""
    """Folder where a host unpacks artefacts. Empty: a private one among the temporary files."""
    process_cache_mb: int = 64
    """Memory one process may spend on remembered neighbour rows."""
    state_max_age: timedelta = timedelta(seconds=1)
    """A process reads the state row again after this long, so publishing is seen within it."""
    block_size: int = 6
    """Slots of a block whose tag names no size."""
    max_block_size: int = 50
    """Most slots anyone may ask for; larger requests are cut to it."""
    token_max_age: timedelta = timedelta(days=7)
    """A click on a slot counts for this long after its page was served; tabs stay open long."""
    reorder_history: timedelta = timedelta(days=730)
    """How far back `reorder` reads a shopper's own orders."""
    reasons: bool = True
    """Show the sentence why each item is shown."""
    queue: str = ""
    """Celery queue of every task of ours. Empty: the host's default queue."""
    rebuild_every: timedelta = timedelta(hours=24)
    """Time between full rebuilds."""
    reconcile_every: timedelta = timedelta(hours=1)
    """Time between searches for catalogue changes that signals missed."""
    snapshot_every: timedelta = timedelta(minutes=5)
    """Time between snapshots of a changed catalogue."""
    task_time_limit: timedelta = timedelta(hours=1)
    """A task of ours that runs longer is stopped by Celery: asked first, and its job is tried
    again after an hour; if it does not listen it is killed, and its job tried again when the
    lease runs out."""
    lease_for: timedelta = timedelta(minutes=2)
    """A job that does not renew its lease for this long is taken over by the next tick."""
    max_attempts: int = 3
    """Times a job may die in a row before it waits for a person."""
    chunk_for: timedelta = timedelta(seconds=5)
    """A long job hands the worker back after about this long, so the shop's own tasks go on.
    Reconciling, deleting and writing what was learnt stop for it between two pages. Reading the
    history is one message and learning from it another, however long each takes (some seconds for
    millions of events), and so is a snapshot: where that is too long a wait, give us a `QUEUE`
    and a worker of its own."""
    write_chunk_rows: int = 500
    """Rows of one transaction of a bulk write on SQLite, where one writer holds up all others."""
    write_pause: timedelta = timedelta(milliseconds=20)
    """Longest pause between bulk transactions on SQLite, the turn of the shop's own writers."""
    consent_policy: Mapping[str, Any] = field(
        default_factory=lambda: {"BACKEND": "persona_django.identity.consent.RefuseAll"}
    )
    """Who decides whether a request may be identified: a `ConsentPolicy` by dotted path."""
    cookie_name: str = "persona"
    """Name of the visitor cookie, for the shop's banner."""
    cookie_max_age: timedelta = timedelta(days=390)
    """Life of the visitor cookie, never renewed; 13 months and `VISITORS_KEPT` at most."""
    opt_out_cookie: str = "persona_off"
    """Name of the cookie that says no more than "leave me alone", for who pauses or objects."""
    consent_version: str = ""
    """Which wording of your banner is in force, kept with each visitor's answer."""
    ignored_paths: tuple[str, ...] = ("/static/", "/media/", "/admin/")
    """Path prefixes the middleware leaves alone."""
    sensitive_categories: tuple[str, ...] = ()
    """Categories, each with all below it, such as `"Health > Tests"`: never learnt from together
    with others, nor shown in public blocks, and nothing about them is kept of a visitor."""
    trusted_proxies: int = field(default=0, metadata=IS_ANSWER)
    """Proxies of yours between the internet and Django, each of which adds to X-Forwarded-For.
    With 0 that header is not believed, and all visitors behind a proxy share its limits. Write 0
    where there are none: while it is not set, nobody whose request has that header is looked up in
    `ROBOT_NETWORKS`, because the only address that is known may be your proxy's."""
    event_origins: tuple[str, ...] = ()
    """Other origins whose pages may send events, as "https://app.example.com"."""
    server_keys: Mapping[str, str] = field(default_factory=dict)
    """Names and secrets with which other servers of yours sign their events, each of at least 32
    characters. Two at a time, so that one can be changed without a gap."""
    visitor_requests: int = 60
    """Most reports of one visitor in a minute; a network may send ten times that."""
    visitor_events: int = 600
    """Most events of one visitor in a minute; a network may send ten times that."""
    visitor_events_a_day: int = 5_000
    """Most events of one visitor in a day; a network may send ten times that."""
    site_requests: int = 60_000
    """Most reports of everybody together in a minute of the clock, so that a flood leaves the shop
    alive; around the end of a minute twice as many may pass."""
    refuse_excess: bool = False
    """True: what is over a limit is answered with 429, so that an honest client comes back later.
    False: with 202 and the number dropped, which tells a dishonest one nothing."""
    new_visitors_a_network: int = 200
    """New visitors of one network in an hour whose events teach something; those after them are
    served as all others. Offices and mobile networks are many people behind one address."""
    qualify_after: timedelta = timedelta(minutes=1)
    """A visitor counts from the second page on, or after this long on the first."""
    robot_views: int = 40
    """Pages in one minute, or pages without a word of the script while others' scripts report,
    from which on a visitor is taken for a program."""
    rush_times: float = 5.0
    """How many times the shoppers of a usual day may count for an item in one day, in what is
    popular; and how many times what is usual the visits to two things and nothing else: a rush can
    be bought, or sent."""
    robot_networks: tuple[str, ...] = ()
    """Networks from which only programs come, as "192.0.2.0/24": pages asked for and reports sent
    from there are no shopper's. Read your list of data centres in `settings.py`, and say in
    `TRUSTED_PROXIES` how many proxies of yours there are: behind others nobody is looked up."""
    events_kept: timedelta = timedelta(days=90)
    """How long single events of visitors are kept; at least 7 days, for what is sent twice."""
    evidence_kept: timedelta = timedelta(days=390)
    """How long it is kept on which days a visitor took an interest in what, when the single events
    are gone: what `similar` is learnt from. Never shorter than `EVENTS_KEPT`."""
    purchases_kept: timedelta = timedelta(days=1_095)
    """How long purchases are kept that were imported or sent; the shop's own orders stay where
    they are and are never touched."""
    visitors_kept: timedelta = timedelta(days=390)
    """How long a visitor is kept after they agreed. No cookie lives longer: `COOKIE_MAX_AGE`."""
    min_askers: int = 5
    """Distinct visitors who must search for the same before its words are kept. At least 3."""
    derive_every: timedelta = timedelta(minutes=5)
    """Time between looks at what silence says: visits that ended, items passed over."""
    abandoned_after: timedelta = timedelta(hours=24)
    """A cart that was neither bought nor emptied counts as left alone after this long."""
    one_off_after: timedelta = timedelta(days=30)
    """A category bought from once and left alone for this long was a gift or a one-off."""
    slow_call: timedelta = timedelta(seconds=1)
    """What a page waited for this long, or could not reach, is left alone for `REST_AFTER_FAULT`:
    one page waits, not all of them. That is the cache, a database of ours (by its questions
    alone), and code of the shop's: a block, with the maps, sources and rankers that it asks (it is
    empty meanwhile), the consent policy (nobody is recognised) and `STORE_OF` (store 1)."""
    rest_after_fault: timedelta = timedelta(seconds=30)
    """How long something that failed is not asked again."""
    learn_from_orders: bool = True
    """Read the shop's orders to learn relations in aggregate, behind `MIN_BUYERS`."""


def written() -> Mapping[Any, Any]:
    """`settings.PERSONA` as written; empty when it is left out or no dict.

    That, and keys that are no text, are reported by a check; the shop must start all the same.
    """
    found = getattr(settings, "PERSONA", {})
    return found if isinstance(found, Mapping) else {}


@cache
def current() -> Settings:
    """The settings in force, until `setting_changed`. Undeclared keys fail check persona.E001."""
    given = written()
    known = {f.name: given[f.name.upper()] for f in fields(Settings) if f.name.upper() in given}
    if isinstance(known.get("event_weights"), Mapping):
        known["event_weights"] = {**Settings().event_weights, **known["event_weights"]}
    return Settings(**known)


def is_chosen(name: str) -> bool:
    """Whether `settings.PERSONA` says anything about a setting, be it the default itself."""
    return name in written()


def misspelt() -> list[str]:
    """Names of dictionaries in the shop's settings that are ours, but are not called PERSONA."""
    ours = [field.name.upper() for field in fields(Settings)]
    others = [name for name in dir(settings) if name.isupper() and name != "PERSONA"]
    close = get_close_matches("PERSONA", others, n=len(others) or 1, cutoff=0.75)
    # PERSONA_DJANGO is as likely a slip as PERSONNA.
    alike = [name for name in others if name in close or name.startswith("PERSONA")]
    return [name for name in alike if _holds_any(getattr(settings, name, None), ours)]


def beside() -> list[tuple[str, str]]:
    """Settings of ours beside PERSONA, as PERSONA_MIN_BUYERS is, each with its key inside."""
    ours = ((f"PERSONA_{key}", key) for key in (one.name.upper() for one in fields(Settings)))
    return [(name, key) for name, key in ours if hasattr(settings, name)]


def _holds_any(value: Any, names: list[str]) -> bool:
    """Whether it is a dictionary with one of these names in it, itself misspelt perhaps."""
    # Other apps have settings of similar names, so that a name alone says nothing.
    return isinstance(value, Mapping) and any(
        get_close_matches(str(key).upper(), names, n=1, cutoff=0.9) for key in value
    )


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "PERSONA":
        current.cache_clear()


setting_changed.connect(_forget, dispatch_uid="persona_django.conf")
