"""Consent banners whose cookie is JSON, or the standard text of IAB Europe's framework."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection

from django.http import HttpRequest

from persona_django.identity.banners import NOTHING, Banner, json_in, needs, ticked, words


class Klaro(Banner):
    """Klaro: `klaro` holds services by name; give it one that is called persona.

    It has to keep its answer in a cookie: `storageMethod: "cookie"`, which is its default.
    """

    cookie_name = "klaro"
    usual = needs("persona", "persona")

    def read(self, text: str) -> Collection[str]:
        return ticked(json_in(text))


class VanillaCookieConsent(Banner):
    """CookieConsent by Orest Bida: `cc_cookie` holds the categories that a shop defined itself.

    Versions 2 and 3. Name yours: `{"personalise": ["personalisation"]}`.
    """

    cookie_name = "cc_cookie"
    usual = needs("analytics", "personalisation")

    def read(self, text: str) -> Collection[str]:
        found = json_in(text)
        return words(found.get("categories")) or words(found.get("level"))


class CookieScript(Banner):
    """Cookie-Script: `CookieScriptConsent` holds performance, targeting, functionality."""

    cookie_name = "CookieScriptConsent"
    usual = needs("performance", "targeting")

    def read(self, text: str) -> Collection[str]:
        found = json_in(text)
        if found.get("action") != "accept":
            return NOTHING
        named = found.get("categories")
        if isinstance(named, str):
            # A list, written as JSON into a text of its JSON.
            named = json_in(f'{{"categories": {named}}}').get("categories")
        return words(named)


class Borlabs(Banner):
    """Borlabs Cookie: `borlabs-cookie` holds groups, such as statistics and marketing, with the
    services agreed to in each; one of them is enough."""

    cookie_name = "borlabs-cookie"
    usual = needs("statistics", "marketing")

    def read(self, text: str) -> Collection[str]:
        groups = json_in(text).get("consents")
        if not isinstance(groups, dict):
            return NOTHING
        return {name for name, services in groups.items() if words(services)}


class CookieFirst(Banner):
    """CookieFirst: `cookiefirst-consent` holds performance, functional, advertising."""

    cookie_name = "cookiefirst-consent"
    usual = needs("performance", "advertising")

    def read(self, text: str) -> Collection[str]:
        return ticked(json_in(text))


class CookieInformation(Banner):
    """Cookie Information: `CookieInformationConsent` holds cookie_cat_functional,
    cookie_cat_statistic, cookie_cat_marketing."""

    cookie_name = "CookieInformationConsent"
    usual = needs("cookie_cat_statistic", "cookie_cat_marketing")

    def read(self, text: str) -> Collection[str]:
        return words(json_in(text).get("consents_approved"))


class Axeptio(Banner):
    """Axeptio: `axeptio_cookies` holds vendors by name; give it one that is called persona."""

    cookie_name = "axeptio_cookies"
    usual = needs("persona", "persona")

    def read(self, text: str) -> Collection[str]:
        found = json_in(text)
        # While its question is still open the answers are only what is proposed.
        return ticked(found) if found.get("$$completed") is True else NOTHING


class Iubenda(Banner):
    """iubenda: `_iub_cs-` and the number of the site holds purposes by number, 2 functionality,
    3 experience, 4 measurement, 5 marketing.

    `cookie` is its whole name; without one any site's counts.
    """

    cookie_name = "_iub_cs-"
    usual = needs("4", "5")
    every = frozenset("12345")
    _of_a_site = re.compile(r"_iub_cs-[a-z]?\d{1,20}\Z")

    def agreed(self, request: HttpRequest) -> Collection[str]:
        if self.cookie != self.cookie_name:
            return super().agreed(request)
        for name, value in request.COOKIES.items():
            if self._of_a_site.match(name):
                return self._read_cookie(value)
        return NOTHING

    def read(self, text: str) -> Collection[str]:
        found = json_in(text)
        if "purposes" in found:
            return ticked(found["purposes"])
        # One question about everything.
        return self.every if found.get("consent") is True else NOTHING


class TransparencyAndConsent(Banner):
    """IAB Europe's framework (TCF 2), which many banners write: `euconsent-v2`.

    Categories are its purposes by number: 1 store and read, 5 and 6 personalise content, 8
    measure content. Whether you are one of its vendors does not matter for your own cookie.
    """

    cookie_name = "euconsent-v2"
    usual = {"measure": ("1", "8"), "personalise": ("1", "5", "6"), "experiment": ("1", "8")}
    version = 2
    first_purpose_bit = 152
    purposes = 24

    def read(self, text: str) -> Collection[str]:
        core = text.partition(".")[0]
        try:
            packed = base64.urlsafe_b64decode(core + "=" * (-len(core) % 4))
        except (binascii.Error, ValueError):
            return NOTHING
        size = 8 * len(packed)
        if size < self.first_purpose_bit + self.purposes or packed[0] >> 2 != self.version:
            return NOTHING
        bits = int.from_bytes(packed, "big") >> size - self.first_purpose_bit - self.purposes
        return {
            str(number)
            for number in range(1, self.purposes + 1)
            if bits >> self.purposes - number & 1
        }
