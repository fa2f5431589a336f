"""What this room holds about people, for export and erasure: their visitors, with the receipts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import router
from django.db.models import Q, QuerySet

from persona_django.identity.holdings import Holding, delete_some, moment, register
from persona_django.identity.models import Standing, Visitor
from persona_django.identity.subjects import Subject


def _theirs(subject: Subject) -> QuerySet[Visitor]:
    by_key = Q(key__in=sorted(subject.keys)) | Q(account__in=sorted(subject.keys))
    return Visitor.objects.using(router.db_for_write(Visitor)).filter(by_key)


def _tell(subject: Subject) -> Iterator[dict[str, Any]]:
    for visitor in _theirs(subject).order_by("created_at", "key"):
        yield {
            "first_seen": visitor.created_at.isoformat(),
            "agreed_to": [purpose for purpose in visitor.purposes.split(",") if purpose],
            "answered_at": moment(visitor.agreed_at),
            "wording": visitor.consent_version,
            "linked_to_account": visitor.account is not None,
            "standing": Standing(visitor.standing).name.lower(),
            "place_in_network": visitor.rank,
            "reason": visitor.reason,
        }


VISITORS = register(
    Holding(
        name="visitors",
        about="Browsers and apps in which we recognise you, and what you agreed to in them.",
        fields={
            "first_seen": "When we first stored something of this browser or app.",
            "agreed_to": "What you agreed to: to be counted (measure), to be shown what suits you "
            "(personalise), to take part in tests (experiment). Empty: you took it back.",
            "answered_at": "When you gave that answer.",
            "wording": "Which wording of the question you answered.",
            "linked_to_account": "Whether it is linked to your account in this shop.",
            "standing": "Whether what happens there may teach anything: new, qualified, robot "
            "(taken for a program), cleared (a person said that it is none).",
            "place_in_network": "Its place among the new visitors of its network in one hour; "
            "0 when that was not counted.",
            "reason": "Why it was taken for a program.",
        },
        tell=_tell,
        erase=lambda subject, most: delete_some(_theirs(subject), most),
        is_of_shop=False,
    )
)
