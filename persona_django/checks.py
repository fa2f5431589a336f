"""System checks: what is misdeclared or unsafe, and what to do about it.

`persona.E0xx` cannot work, `persona.W0xx` works but is unsafe or slow.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections, router
from django.utils.module_loading import import_string

from persona_django import conf, limits
from persona_django.blocks import registry as blocks
from persona_django.blocks.cards import examine_card
from persona_django.catalogue import registry
from persona_django.catalogue.declarations import examine_age
from persona_django.catalogue.models import Item
from persona_django.catalogue.visibility import examine_visible
from persona_django.deployment import databases_in_use, events_go_in_time
from persona_django.identity import consent
from persona_django.tracking import script

MIDDLEWARE = "persona_django.middleware.PersonaMiddleware"
NEEDED_BEFORE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@register()
def settings_are_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every key of PERSONA is a setting, so that a misspelt one is not silently ignored."""
    known = [field.name.upper() for field in fields(conf.Settings)]
    found: list[CheckMessage] = []
    for key in [key for key in conf.written() if key not in known]:
        capitals = str(key).upper()
        close = difflib.get_close_matches(capitals, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else "See the settings reference."
        if capitals in known:
            hint = f"Write {capitals}: settings are named in capitals."
        found.append(
            Error(f"PERSONA[{key!r}] is no setting of ours.", hint=hint, id="persona.E001")
        )
    return found


@register()
def settings_are_found(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt PERSONA, or a setting beside it, is passed over by Django without a word."""
    found: list[CheckMessage] = [
        Warning(
            f"{name} in your settings is read by nobody, and looks like ours.",
            hint=f"Did you mean PERSONA? Rename {name}, or silence this check where it is another "
            "app's.",
            id="persona.W003",
        )
        for name in conf.misspelt()
    ]
    found += [
        Warning(
            f"{name} in your settings is read by nobody.",
            hint=f'Write PERSONA = {{"{key}": ...}}: our settings are its keys.',
            id="persona.W004",
        )
        for name, key in conf.beside()
    ]
    return found


@register()
def settings_are_possible(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every value has the type and the range that its setting needs."""
    return [
        Error(limits.in_words(name, shown), hint=hint, id="persona.E002")
        for name, shown, hint in limits.faults()
    ]


@register()
def maps_are_sound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Everything that is wrong with any `persona.py`."""
    if not _is_enabled():
        return []
    faults = [*registry.faults()]
    for item_map in registry.item_maps().values():
        faults += [
            *examine_visible(item_map),
            *examine_age(item_map),
            *examine_card(item_map),
        ]
    found: list[CheckMessage] = [
        (Error if fault.is_error else Warning)(fault.message, hint=fault.hint, id=fault.id)
        for fault in faults
    ]
    if registry.lacks_items():
        # First, because no order map can be right without.
        found.insert(
            0,
            Warning(
                "No item map is registered, so there is nothing to recommend.",
                hint="Write a persona.py in one of your apps, with an ItemMap for its products.",
                id="persona.W023",
            ),
        )
    return found


@register()
def blocks_are_sound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every block that a `persona.py` adds can work."""
    if not _is_enabled():
        return []
    return [Error(fault.message, hint=fault.hint, id=fault.id) for fault in blocks.faults()]


@register()
def middleware_stands_right(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without the middleware, or before the session is there, no shopper is recognised."""
    if not _is_enabled():
        return []
    installed = list(settings.MIDDLEWARE)
    position = next((at for at, path in enumerate(installed) if _is_ours(path)), None)
    if position is None:
        return [
            Warning(
                "The middleware is not installed, so views are not recorded, and caches in front "
                "of the shop are not told which pages show one shopper's own orders.",
                hint=f"Add {MIDDLEWARE!r} to the end of MIDDLEWARE.",
                id="persona.W030",
            )
        ]
    behind = installed[position:]
    return [
        Warning(
            f"{MIDDLEWARE} stands before {other}.",
            hint="Move it behind; it asks who is signed in.",
            id="persona.W031",
        )
        for other in NEEDED_BEFORE
        if other in behind
    ]


def _is_ours(path: str) -> bool:
    """True for our middleware and for a class of the shop that inherits from it."""
    if path == MIDDLEWARE:
        return True
    try:
        found, ours = import_string(path), import_string(MIDDLEWARE)
    except ImportError:
        # Django itself says so when it loads the middleware.
        return False
    return isinstance(found, type) and issubclass(found, ours)


@register()
def consent_is_decided(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether shoppers may be recognised is for the shop to decide, not for a default."""
    if not _is_enabled() or conf.is_chosen("CONSENT_POLICY"):
        return []
    return [
        Warning(
            "No consent policy is chosen, so no shopper is ever recognised.",
            hint='Name the one of your banner, such as PERSONA["CONSENT_POLICY"] = '
            '{"BACKEND": "persona_django.identity.banners.Cookiebot"}; '
            'the documentation lists them under "Consent policies", and consent.FromCookie, '
            "which reads a cookie of your own. persona_django.identity.consent.RefuseAll says "
            "that you mean it.",
            id="persona.W032",
        )
    ]


@register()
def consent_policy_can_work(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A policy with wrong options refuses everyone, which nobody would notice for long."""
    if not _is_enabled():
        return []
    try:
        return consent.load(conf.current().consent_policy).check()
    except ImportError:
        # persona.E002 says so.
        return []
    except Exception as error:  # noqa: BLE001  (a policy of the shop may raise anything)
        return [
            Error(
                f"The consent policy cannot be made: {error}",
                hint='Correct PERSONA["CONSENT_POLICY"]. Until then nobody is recognised.',
                id="persona.E060",
            )
        ]


@register()
def script_can_report(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without our addresses `{% persona_script %}` links the stylesheet alone, in silence."""
    if not _is_enabled():
        return []
    try:
        is_refused = isinstance(consent.policy(), consent.RefuseAll)
        if is_refused or script.where_reports_go():
            return []
    except Exception:  # noqa: BLE001 - other checks say what is wrong with a policy or an URLconf
        return []
    return [
        Warning(
            "Visitors are asked for consent, but the script has no address to report to, so only "
            "views of pages are recorded.",
            hint='Add path("persona/", include("persona_django.urls")) to your urlpatterns.',
            id="persona.W050",
        )
    ]


@register()
def buyers_are_protected(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Below five buyers a neighbour may guess who bought what."""
    chosen = conf.current().min_buyers
    recommended = conf.Settings().min_buyers
    if not _is_enabled() or not isinstance(chosen, int) or not 3 <= chosen < recommended:
        return []
    return [
        Warning(
            f"What {chosen} people bought together is already shown.",
            hint=f'Leave PERSONA["MIN_BUYERS"] at {recommended} or above unless shoppers cannot '
            "know each other.",
            id="persona.W036",
        )
    ]


@register(Tags.database)
def databases_are_ready(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """What only the databases themselves can tell; asked by `migrate` and `check --database`."""
    if not _is_enabled():
        return []
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            found += _ask(alias)
        except DatabaseError as error:
            # Other checks and the command itself say that a database cannot be reached.
            found.append(
                Warning(
                    f"The database {alias!r} could not be asked: {error}",
                    hint="Run the check again when it answers.",
                    id="persona.W035",
                )
            )
    return found


def _ask(alias: str) -> Iterable[CheckMessage]:
    vendor = connections[alias].vendor
    if alias in databases_in_use():
        if vendor == "sqlite":
            yield from _is_write_ahead(alias)
        if vendor == "mysql":
            yield from _stores_every_character(alias)
    # Whoever is about to make the tables need not be told that they are missing.
    if alias == router.db_for_write(Item) and "migrate" not in sys.argv[1:]:
        missing = list(_has_tables(alias))
        yield from missing or events_go_in_time(alias)


def _is_write_ahead(alias: str) -> Iterable[CheckMessage]:
    """Without WAL a writer of the shop waits half a second and more behind our bulk work."""
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode not in ("wal", "memory"):
        yield Warning(
            f"The SQLite database {alias!r} is in {mode} mode, in which readers and writers wait "
            "for each other.",
            hint='Set DATABASES[...]["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal;"}.',
            id="persona.W033",
        )


def _stores_every_character(alias: str) -> Iterable[CheckMessage]:
    """With utf8mb3 an emoji in a title is an error."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@character_set_database, @@character_set_connection")
        charsets = set(cursor.fetchone())
    if charsets != {"utf8mb4"}:
        yield Warning(
            f"The database {alias!r} works in {' and '.join(sorted(charsets))}, which cannot "
            "store every character.",
            hint="Convert it to utf8mb4 and set OPTIONS = {'charset': 'utf8mb4'}.",
            id="persona.W034",
        )


def _has_tables(alias: str) -> Iterable[CheckMessage]:
    if Item._meta.db_table not in connections[alias].introspection.table_names():
        yield Warning(
            "The tables of persona_django are missing, so nothing is recommended.",
            hint="Run: python manage.py migrate",
            id="persona.W035",
        )


def _is_enabled() -> bool:
    return bool(conf.current().enabled)
