"""What the usual consent banners leave in their cookies, read for our purposes.

Each reader knows one banner's cookie and which of its categories each of our purposes needs by
default: counting needs the banner's statistics, personalising its strictest category. OPTIONS
say otherwise. A cookie is whatever a browser sends, so nothing in here raises for what it holds.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from django.core.checks import CheckMessage, Error
from django.http import HttpRequest

from persona_django.identity.consent import IDENTIFYING, PURPOSES, ConsentPolicy

LONGEST = 8_192
"""Characters of a cookie that are worth reading; browsers keep half of it."""

NOTHING: frozenset[str] = frozenset()


def needs(statistics: str, personal: str) -> dict[str, tuple[str, ...]]:
    """The categories of each purpose: what counts and what compares needs `statistics`."""
    return {"measure": (statistics,), "personalise": (personal,), "experiment": (statistics,)}


class Banner(ConsentPolicy):
    """What all readers share: a purpose is agreed to when all categories that it needs are.

    `categories` maps purposes to the banner's own names, and replaces those named; a purpose
    without any is always refused. `cookie` is for banners that were given another name. A browser
    that sends Sec-GPC or DNT is refused unless `respect_signals` is False.
    """

    cookie_name: ClassVar[str]
    usual: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(
        self,
        *,
        cookie: str = "",
        categories: Mapping[str, Sequence[str]] | None = None,
        respect_signals: bool = True,
    ) -> None:
        self.cookie = cookie or self.cookie_name
        self.categories = {**self.usual, **(categories or {})}
        self.respect_signals = respect_signals

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        needed = self.categories.get(purpose)
        if not needed or self.objected(request):
            return False
        return set(needed) <= set(self.agreed(request))

    def agreed(self, request: HttpRequest) -> Collection[str]:
        """Names of the banner's categories that this browser's user agreed to."""
        return self._read_cookie(request.COOKIES.get(self.cookie))

    def _read_cookie(self, value: str | None) -> Collection[str]:
        if not value or len(value) > LONGEST:
            return NOTHING
        return self.read(unquote(value))

    @abstractmethod
    def read(self, text: str) -> Collection[str]:
        """The categories agreed to by the cookie's text, percent signs taken out."""

    def check(self) -> list[CheckMessage]:
        wrong = []
        if not set(self.categories) <= set(PURPOSES):
            wrong.append(f'"categories" names a purpose that is none of {", ".join(PURPOSES)}.')
        if any(isinstance(names, str) for names in self.categories.values()):
            # The letters of "marketing" would each be taken for a category.
            wrong.append('"categories" gives each purpose a list of names, not a text.')
        return [
            Error(
                f"{type(self).__name__} cannot read the banner's answer: {text}",
                hint='Correct OPTIONS in PERSONA["CONSENT_POLICY"]. Until then nobody is known.',
                id="persona.E060",
            )
            for text in wrong
        ]

    def _in_one_category(self) -> str | None:
        """The category that alone decides whether somebody may be recognised; None if several."""
        needed = {tuple(self.categories.get(purpose, ())) for purpose in IDENTIFYING}
        alone = needed.pop()
        return alone[0] if not needed and len(alone) == 1 else None


class CookieConsentStatus(Banner):
    """The free Cookie Consent of Insites and Osano: `cookieconsent_status` is one word."""

    cookie_name = "cookieconsent_status"
    usual = needs("allow", "allow")

    def read(self, text: str) -> Collection[str]:
        return (text,)

    def browser_cookie(self) -> tuple[str, tuple[str, ...]] | None:
        """The cookie and the values with which a script may report, where that says it all."""
        word = self._in_one_category()
        return (self.cookie, (word,)) if word else None


class Complianz(Banner):
    """Complianz: a cookie for each category, `cmplz_statistics=allow`.

    `cookie` is what their names begin with.
    """

    cookie_name = "cmplz_"
    usual = needs("statistics", "marketing")

    def agreed(self, request: HttpRequest) -> Collection[str]:
        wanted = {name for names in self.categories.values() for name in names}
        return {name for name in wanted if request.COOKIES.get(f"{self.cookie}{name}") == "allow"}

    def read(self, text: str) -> Collection[str]:
        return NOTHING

    def browser_cookie(self) -> tuple[str, tuple[str, ...]] | None:
        """The cookie and the values with which a script may report, where that says it all."""
        category = self._in_one_category()
        return (f"{self.cookie}{category}", ("allow",)) if category else None


class Cookiebot(Banner):
    """Cookiebot: `CookieConsent` holds necessary, preferences, statistics and marketing.

    Where no consent is needed by law it holds -1, and where it was taken for granted the word
    `implied`; both are refusals unless `accept_implied` is True.
    """

    cookie_name = "CookieConsent"
    usual = needs("statistics", "marketing")
    every = frozenset({"necessary", "preferences", "statistics", "marketing"})
    _pair = re.compile(r"\b([a-z]{1,20}):\s?(true|false)\b")

    def __init__(self, *, accept_implied: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.accept_implied = accept_implied

    def read(self, text: str) -> Collection[str]:
        if text == "-1":
            return self.every if self.accept_implied else NOTHING
        if not self.accept_implied and "implied" in text:
            return NOTHING
        return {name for name, answer in self._pair.findall(text) if answer == "true"} & self.every


class OneTrust(Banner):
    """OneTrust and CookiePro: `OptanonConsent` holds groups such as C0002 (performance), C0003
    (functional) and C0004 (targeting).

    Before anybody answered it holds what is taken for granted; that they have is said by a
    second cookie, `answered_by`. Empty: do not ask for it.
    """

    cookie_name = "OptanonConsent"
    usual = needs("C0002", "C0004")

    def __init__(self, *, answered_by: str = "OptanonAlertBoxClosed", **options: Any) -> None:
        super().__init__(**options)
        self.answered_by = answered_by

    def agreed(self, request: HttpRequest) -> Collection[str]:
        if self.answered_by and not request.COOKIES.get(self.answered_by):
            return NOTHING
        return super().agreed(request)

    def read(self, text: str) -> Collection[str]:
        said = dict(part.partition("=")[::2] for part in text.split("&"))
        if said.get("AwaitingReconsent", "") == "true":
            return NOTHING
        pairs = (group.partition(":") for group in said.get("groups", "").split(","))
        return {name for name, _, answer in pairs if answer == "1"}


class CookieYes(Banner):
    """CookieYes: `cookieyes-consent` holds functional, analytics, performance, advertisement."""

    cookie_name = "cookieyes-consent"
    usual = needs("analytics", "advertisement")

    def read(self, text: str) -> Collection[str]:
        said = dict(part.strip().partition(":")[::2] for part in text.split(","))
        if said.get("action") != "yes":
            # Nobody has answered yet: what it holds is taken for granted.
            return NOTHING
        return {name for name, answer in said.items() if answer == "yes"}


class DjangoCookieConsent(Banner):
    """django-cookie-consent: `cookie_consent` holds the groups that a shop defined itself.

    Name yours: `{"measure": ["analytics"], "personalise": ["personalisation"]}`.
    """

    cookie_name = "cookie_consent"
    usual = needs("analytics", "personalisation")

    def read(self, text: str) -> Collection[str]:
        pairs = (part.partition("=") for part in text.split("|"))
        return {name for name, _, version in pairs if version and version != "-1"}


class TrustArc(Banner):
    """TrustArc: `cmapi_cookie_privacy` permits numbers, 2 functional and 3 advertising.

    It is there before anybody answered; that they have is said by `notice_preferences`.
    """

    cookie_name = "cmapi_cookie_privacy"
    usual = needs("2", "3")
    _permitted = re.compile(r"permit[ _]([0-9,|]{1,40})")

    def agreed(self, request: HttpRequest) -> Collection[str]:
        answered = "notice_preferences" in request.COOKIES
        return super().agreed(request) if answered else NOTHING

    def read(self, text: str) -> Collection[str]:
        found = self._permitted.match(text)
        return set(re.split("[,|]", found[1])) if found else NOTHING


class Tarteaucitron(Banner):
    """tarteaucitron.js: `tarteaucitron` holds services; give it one that is called persona."""

    cookie_name = "tarteaucitron"
    usual = needs("persona", "persona")

    def read(self, text: str) -> Collection[str]:
        pairs = (part.partition("=") for part in text.split("!"))
        return {name for name, _, answer in pairs if answer == "true"}


def json_in(text: str) -> dict[str, Any]:
    """The object that a text holds; an empty one for whatever else it is."""
    if text.startswith("%7B"):
        # Some banners escape what their cookie library escapes again.
        text = unquote(text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def words(found: Any) -> set[str]:
    """The texts in a list, whatever else there is."""
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def ticked(found: Any) -> set[str]:
    """The names in an object whose value is true, whatever else there is."""
    return {name for name, on in found.items() if on is True} if isinstance(found, dict) else set()
