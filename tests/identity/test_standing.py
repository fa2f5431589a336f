"""Who counts and who does not, in numbers, and how a person takes a verdict back."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from persona_django.identity import standing
from persona_django.identity.models import Standing, Visitor
from tests.deriving.doings import visitor

pytestmark = pytest.mark.django_db
WHY = "43 pages within one minute."


@pytest.fixture
def robots() -> None:
    for key in (1, 2):
        visitor(key)
    standing.suspect({1: WHY, 2: "x" * 300})
    visitor(3, standing=Standing.NEW)
    visitor(4, rank=500)


def told(*args: str) -> str:
    out = io.StringIO()
    call_command("persona_robots", *args, stdout=out)
    return out.getvalue()


def test_the_command_lists_robots_with_their_reasons_and_counts_the_others(robots):
    said = told()

    assert f"1: {WHY}" in said
    assert "2 robots, 1 of one page only, 1 beyond what one network may send" in said
    assert len(Visitor.objects.get(key=2).reason) == 200


def test_the_command_takes_a_verdict_back(robots):
    assert "1 counts as a person" in told("--person", "1")
    assert Visitor.objects.get(key=1).standing == Standing.CLEARED
    assert standing.suspect({1: "again"}) == 0

    with pytest.raises(CommandError, match="said before"):
        told("--person", "1")


def test_who_was_judged_is_not_qualified_by_a_second_page(robots):
    assert standing.qualify([1, 3, 4]) == 1
    assert Visitor.objects.get(key=1).standing == Standing.ROBOT


def act(client: Client, *keys: int):
    return client.post(
        reverse("admin:persona_visitor_changelist"),
        {"action": "are_people", "_selected_action": [str(key) for key in keys]},
    )


def staff(*codenames: str) -> Client:
    user = get_user_model().objects.create(username="staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_the_admin_takes_a_verdict_back_for_whoever_may_change_visitors(robots):
    act(staff("view_visitor", "change_visitor"), 1)

    assert Visitor.objects.get(key=1).standing == Standing.CLEARED
    assert Visitor.objects.get(key=2).standing == Standing.ROBOT


def test_whoever_may_only_look_is_offered_no_verdict(robots):
    client = staff("view_visitor")

    assert (
        "are_people"
        not in client.get(reverse("admin:persona_visitor_changelist")).content.decode()
    )
    act(client, 1)

    assert Visitor.objects.get(key=1).standing == Standing.ROBOT
