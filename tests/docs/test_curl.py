"""What the pages say to whoever tries things by hand, who is a robot by curl's own words."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from persona_django.identity import cookies
from tests.browsing import ACCEPT_ALL
from tests.factories import product
from tests.newcomer.recipe import ROOT

pytestmark = pytest.mark.django_db
BROWSER = re.compile(r"(?:`curl -A|BROWSER=) ?'([^']+)'")


@pytest.mark.parametrize("page", ["events", "privacy"])
def test_with_the_name_that_the_page_gives_curl_it_is_recognised_and_without_it_not(
    page, settings
):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    (named,) = BROWSER.findall(text.replace("\n", " "))

    assert is_recognised(named)
    assert not is_recognised("curl/8.5.0")


def test_a_robot_gets_a_token_where_the_policy_allows_it(settings):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}

    answer = Client().post("/persona/api/v1/visitor/", headers={"User-Agent": "curl/8.5.0"})

    assert answer.status_code == 200


def is_recognised(user_agent: str) -> bool:
    client = Client(headers={"User-Agent": user_agent})
    answer = client.get(product().get_absolute_url())
    assert answer.status_code == 200
    return cookies.name_for(answer.wsgi_request) in answer.cookies
