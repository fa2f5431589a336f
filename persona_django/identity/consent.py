"""May this request be identified? One function decides, and without a policy it refuses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from django.core.checks import CheckMessage, Error
from django.http import HttpRequest
from django.utils.module_loading import import_string

from persona_django import conf, counters
from persona_django.breaker import breaker

PURPOSES = ("measure", "personalise", "experiment")
IDENTIFYING = ("measure", "personalise")
"""Purposes for which a visitor may be told from another."""


class ConsentPolicy(ABC):
    """Says whether a request may be identified for a purpose. An extension point: one method.

    It answers from what the request carries and from nothing slower: it is asked before the
    response, also on the event loop, so it must neither query nor wait. Whatever it raises
    counts as a refusal.
    """

    respect_signals: bool = True
    """Whether a browser that sends Sec-GPC or DNT is refused whatever `allowed` says."""

    @abstractmethod
    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        """Whether this purpose, one of `PURPOSES`, was agreed to."""

    def objected(self, request: HttpRequest) -> bool:
        """Whether the browser objects for its user, where that counts."""
        return self.respect_signals and objects(request)

    def browser_cookie(self) -> tuple[str, tuple[str, ...]] | None:
        """The cookie in which a script finds the answer, and the values that mean yes.

        None where it takes more than that to tell: the script then asks the shop.
        """
        return None

    def browser_signals(self) -> bool:
        """Whether a script keeps silent in a browser that objects, as `objected` says of what
        the shop's pages send."""
        return self.respect_signals

    def check(self) -> list[CheckMessage]:
        """What is wrong with this policy's own options, for system checks."""
        return []


class RefuseAll(ConsentPolicy):
    """The default: nobody is identified, nothing is stored."""

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        return False


class FromCookie(ConsentPolicy):
    """Reads the choice that the shop's consent banner left in its own cookie.

    `accepted` are the cookie values that mean yes to everything, or a mapping of purpose to such
    values. A browser that sends Sec-GPC or DNT is refused unless `respect_signals` is False.
    `http_only` says that no script can read the cookie, so that ours asks the shop instead.
    """

    def __init__(
        self,
        *,
        cookie: str = "cookie_consent",
        accepted: Sequence[str] | Mapping[str, Sequence[str]] = ("accepted", "yes", "true", "1"),
        respect_signals: bool = True,
        http_only: bool = False,
    ) -> None:
        self.cookie = cookie
        self.accepted = accepted
        self.respect_signals = respect_signals
        self.http_only = http_only

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        value = request.COOKIES.get(self.cookie)
        if value is None or self.objected(request):
            return False
        accepted = self.accepted
        if isinstance(accepted, Mapping):
            accepted = accepted.get(purpose, ())
        return unquote(value) in accepted

    def browser_cookie(self) -> tuple[str, tuple[str, ...]] | None:
        if self.http_only:
            return None
        accepted = self.accepted
        if isinstance(accepted, Mapping):
            accepted = [value for one in IDENTIFYING for value in accepted.get(one, ())]
        return self.cookie, tuple(dict.fromkeys(accepted))

    def check(self) -> list[CheckMessage]:
        wrong = []
        if isinstance(self.accepted, str):
            # "yes" in "yesterday" is true: a lone text would accept its own parts.
            wrong.append(f'"accepted" must be a list of values, got the text {self.accepted!r}.')
        if isinstance(self.accepted, Mapping) and not set(self.accepted) <= set(PURPOSES):
            wrong.append(f'"accepted" names a purpose that is none of {", ".join(PURPOSES)}.')
        if not self.cookie:
            wrong.append('"cookie" must be the name of the cookie your banner sets.')
        return [
            Error(
                f"FromCookie cannot read the banner's answer: {text}",
                hint='Correct OPTIONS in PERSONA["CONSENT_POLICY"]. Until then nobody is known.',
                id="persona.E060",
            )
            for text in wrong
        ]


class AcceptAll(ConsentPolicy):
    """For shops with another basis than consent, such as a contract. Ask your lawyer first.

    Sec-GPC and DNT still count as an objection unless `respect_signals` is False.
    """

    def __init__(self, *, respect_signals: bool = True) -> None:
        self.respect_signals = respect_signals

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        return not self.objected(request)


class FromHeader(ConsentPolicy):
    """For apps, which have no banner's cookie: the purposes that their user agreed to in the app.

    `X-Persona-Consent: measure, personalise`. A page of another site cannot send such a header
    unless the shop's own CORS rules let it. A request without the header is asked about by
    `otherwise`, a policy by BACKEND and OPTIONS as in the setting; nobody is known without one.
    """

    def __init__(
        self,
        *,
        header: str = "X-Persona-Consent",
        otherwise: Mapping[str, Any] | None = None,
        respect_signals: bool = True,
    ) -> None:
        self.header = header
        self.otherwise = RefuseAll() if otherwise is None else load(otherwise)
        self.respect_signals = respect_signals

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        said = request.headers.get(self.header)
        if said is None:
            return self.otherwise.allowed(request, purpose)
        if self.objected(request):
            return False
        return purpose in {part.strip().lower() for part in said[:LONGEST_HEADER].split(",")}

    def objected(self, request: HttpRequest) -> bool:
        if self.header in request.headers:
            return super().objected(request)
        return self.otherwise.objected(request)

    def browser_cookie(self) -> tuple[str, tuple[str, ...]] | None:
        # The script is on the shop's pages, which send no such header.
        return self.otherwise.browser_cookie()

    def browser_signals(self) -> bool:
        return self.otherwise.browser_signals()

    def check(self) -> list[CheckMessage]:
        return self.otherwise.check()


LONGEST_HEADER = 200
"""Characters that are looked at: three purposes need a quarter of it."""


def objects(request: HttpRequest) -> bool:
    """Whether the browser says for its user that they do not want this."""
    return request.META.get("HTTP_SEC_GPC") == "1" or request.META.get("HTTP_DNT") == "1"


def opted_out(request: HttpRequest) -> bool:
    """Whether this browser carries the cookie that says no more than "leave me alone"."""
    return bool(request.COOKIES.get(conf.current().opt_out_cookie))


def allowed(request: HttpRequest, purpose: str) -> bool:
    """Whether this request may be identified for `purpose`. The one place that decides."""
    return decide(request, purpose) is True


def identifying(request: HttpRequest) -> list[str]:
    """What was agreed to of that for which a visitor is recognised and recorded; empty: neither.

    The one rule for the cookie, for views and for what the shop's own code tracks.
    """
    if opted_out(request):
        return []
    return [purpose for purpose in IDENTIFYING if answered(request, purpose)]


def decide(request: HttpRequest, purpose: str) -> bool | None:
    """Yes, no, or None where the policy failed: refused as well, but nothing was withdrawn."""
    return False if opted_out(request) else answered(request, purpose)


def is_withdrawn(request: HttpRequest) -> bool:
    """Whether the policy itself says no to everything a visitor is recognised for.

    Not so for who has only paused, and not where the policy failed: they stay who they are.
    """
    return all(answered(request, purpose) is False for purpose in IDENTIFYING)


def answered(request: HttpRequest, purpose: str) -> bool | None:
    """What the policy says, as `decide`, whether or not the visitor has paused since."""
    decided: dict[str, bool | None] = request.__dict__.setdefault("_persona_consent", {})
    if purpose not in decided:
        try:
            decided[purpose] = _asked(request, purpose)
        except Exception as error:  # noqa: BLE001 - whatever a policy raises is a refusal
            counters.failed("consent_policy", ADVICE, error=error)
            decided[purpose] = None
    return decided[purpose]


def _asked(request: HttpRequest, purpose: str) -> bool:
    """What the policy says, unless it took long a moment ago: it is asked before each page."""
    which = breaker("consent_policy")
    began = which.begin()
    try:
        chosen = policy()
        return not chosen.objected(request) and bool(chosen.allowed(request, purpose))
    finally:
        which.end(began, failed=False)


ADVICE = 'The consent policy raised, so the visitor was refused. Check PERSONA["CONSENT_POLICY"].'
_loaded: tuple[conf.Settings, ConsentPolicy] | None = None


def policy() -> ConsentPolicy:
    """The policy in force. Raises what loading it raises."""
    global _loaded
    settings = conf.current()
    if _loaded is None or _loaded[0] is not settings:
        _loaded = (settings, load(settings.consent_policy))
    return _loaded[1]


def load(declared: Mapping[str, Any]) -> ConsentPolicy:
    """Build the policy that a setting names by BACKEND and OPTIONS; TypeError if it names none."""
    if not isinstance(declared, Mapping) or "BACKEND" not in declared:
        raise TypeError(
            f'{declared!r} names no policy: write {{"BACKEND": "path.to.a.Policy", '
            '"OPTIONS": {...}}'
        )
    made = import_string(declared["BACKEND"])(**declared.get("OPTIONS", {}))
    if not isinstance(made, ConsentPolicy):
        raise TypeError(f"{declared['BACKEND']} is not a ConsentPolicy")
    return made
