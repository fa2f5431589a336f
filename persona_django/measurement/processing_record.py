"""A record of processing for the shop's files (GDPR art. 30), with its own numbers filled in.

What only the shop can know is left open in square brackets.
"""

from __future__ import annotations

from persona_django import conf
from persona_django.identity import cookies
from persona_django.measurement.data_map import spelled
from persona_django.tracking import folding


def as_markdown() -> str:
    """The record as a page, from the settings in force."""
    settings = conf.current()
    policy = settings.consent_policy.get("BACKEND", "").rpartition(".")[2]
    orders = (
        "read in place, for figures behind a crowd" if settings.learn_from_orders else "not used"
    )
    rows = {
        "Controller": "[name and address of the shop; data protection officer]",
        "Purposes": "to recommend what fits what is looked at, bought and liked; to measure "
        "whether that works",
        "People": "visitors who agreed; customers of the shop",
        "Data": "keyed hashes of a random pseudonym and of the customer's number; products "
        "viewed, chosen, put into the cart, saved, dismissed; searches and filters; device "
        "class, kind of entry, local hour. No name, no address, no IP, no full user agent",
        "Special categories": "categories declared sensitive are never learnt from together nor "
        f"shown in public lists: {', '.join(settings.sensitive_categories) or '[none declared]'}",
        "Legal basis": f"consent, as {policy} reports it; for orders and imports "
        "[contract or legitimate interest: yours to decide]",
        "Orders": orders,
        "Recipients": "none. Nothing leaves the shop's own servers [name the hosting provider]",
        "Transfers outside the EU": "none by this app [check the hosting]",
        "Erasure": f"events after {spelled(settings.events_kept)}, what is left of them by day "
        f"after {spelled(folding.evidence_kept())}, purchases imported "
        f"or sent in after {spelled(settings.purchases_kept)}, visitors after "
        f"{spelled(settings.visitors_kept)}; on request at once, by the person or by "
        "`persona_erase`, and from what was learnt within a day",
        "Cookies": f"`{settings.cookie_name}`, at most {spelled(cookies.life())}, never "
        f"renewed, only after consent; `{settings.opt_out_cookie}`, which names nobody",
        "Crowds": f"nothing from purchases is shown below {settings.min_buyers} buyers, nothing "
        f"from interest below {settings.min_support} shoppers, no search words below "
        f"{settings.min_askers} visitors",
        "Security": "pseudonyms signed; keys derived from SECRET_KEY, one for each purpose; "
        "artefacts with checksums, never code; [access to the database and the admin]",
    }
    risks = {
        "Somebody is recognised who did not agree": "the default refuses; one function decides; "
        "`Sec-GPC` and `DNT` count as a refusal; no row exists before consent",
        "One customer's purchase is read from public lists": "crowds, figures in steps",
        "The next person at a shared device sees the last one's": "the pseudonym changes at "
        "sign-in and sign-out; a linked one speaks for nobody else",
        "Deleted data comes back": "tombstones are asked before anything is stored, and "
        "replayed after a backup was restored",
        "A list shows something intimate": "sensitive categories; fixed reasons; [look "
        "at your catalogue]",
        "Somebody wants none of it": "one click, without an account: pause, export, erase",
    }
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            *(f"| {name} | {text} |" for name, text in rows.items()),
            "",
            "Risks and what stands against them, for an impact assessment (art. 35):",
            "",
            "| Risk | Measure |",
            "|---|---|",
            *(f"| {risk} | {measure} |" for risk, measure in risks.items()),
            "",
        ]
    )
