"""What is wrong with a parameter is told in one shape, at every address that takes any."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from persona_django.api.serializers import PARAMETERS

pytestmark = pytest.mark.django_db
SIMILAR = "/persona/api/v1/blocks/similar-items/"
ME = "/persona/api/v1/me/"
UNKNOWN = f"There is no such parameter. Use {', '.join(PARAMETERS)}."


@pytest.fixture(autouse=True)
def _nobody_asked_before():
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize(
    "given",
    [
        {"seed": "shop.product:31x"},
        {"seed": ["shop.product:31x", "shop.product:31", "x" * 300]},
        {"seed": [f"shop.product:{n}" for n in range(21)]},
        {"cart": ["no.model:3", ""]},
        {"size": "many"},
        {"size": ["3", "4"]},
        {"category": "x" * 301},
        {"device": "watch"},
        {"entry": ["direct", "search"]},
        {"sead": "31"},
        {"size": "many", "seed": "no.model:3"},
        {"detail": "1"},
        {f"odd{n}": "1" for n in range(40)},
    ],
)
def test_a_block_tells_by_parameter_a_list_of_sentences(given):
    check(Client().get(SIMILAR, given), given)


@pytest.mark.parametrize("name", ["x", "user", "detail", "<script>", "n" * 300])
def test_ones_own_data_tells_the_same(name):
    client = Client()

    for response in (
        client.get(ME, {name: "1"}),
        client.delete(f"{ME}?x=1"),
        client.post(f"{ME}erase/", {name: "1", "next": "/"}),
        client.post(f"{ME}pause/?x=1"),
        client.post(f"{ME}resume/", {name: "1"}),
    ):
        check(response, {name: "1", "x": "1"})
    assert client.get(ME, {"x": "1"}).json() == {"x": ["There is no such parameter."]}


def test_what_is_wrong_with_several_seeds_is_told_of_the_parameter_and_once():
    several = {"seed": [f"shop.product:{key}" for key in ("31x", "31", "31x", "9y", "a", "b")]}

    (told,) = Client().get(SIMILAR, several).json().values()

    assert len(told) == 3
    assert ["'31x'" in told[0], "'9y'" in told[1], "'a'" in told[2]] == [True] * 3


def test_an_unknown_parameter_is_told_which_there_are():
    assert Client().get(SIMILAR, {"sead": "31"}).json() == {"sead": [UNKNOWN]}


def test_what_is_no_matter_of_a_parameter_stays_a_detail():
    missing = Client().get("/persona/api/v1/blocks/no-such-block/")

    assert list(missing.json()) == ["detail"]
    assert isinstance(missing.json()["detail"], str)


def check(response, given):
    assert response.status_code == 400
    told = response.json()
    assert isinstance(told, dict) and told
    assert all(name in {one[:60] for one in given} for name in told)
    for sentences in told.values():
        assert isinstance(sentences, list) and 1 <= len(sentences) <= 3
        assert all(isinstance(one, str) and one.endswith(".") for one in sentences)
    assert len(response.content) < 2_000
