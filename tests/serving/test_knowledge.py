"""What is popular survives figures that cannot be read, and is read once they can."""

from __future__ import annotations

import pytest

from persona_django import counters
from persona_django.artefacts.models import ArtefactPart
from persona_django.catalogue import state
from persona_django.model_registry.models import ModelVersion
from persona_django.serving import knowledge
from persona_django.serving.recommend import recommend
from tests.factories import product, publish_popular, read_catalogue
from tests.shop.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings, tmp_path) -> list[Product]:
    # A folder of its own: with the file of another test nothing would be missing.
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "cache")}
    many = [product("Tea"), product("Pot"), product("Mug")]
    read_catalogue()
    return many


def shown() -> list[tuple[str, str]]:
    """What a page shows, and why, once the process has had some pages to learn of the news."""
    for _ in range(4):
        state.forget()
        slate = recommend(None, "similar-items")
    return [(slot.title, slot.reason.code) for slot in slate]


def popular(*titles: str) -> list[tuple[str, str]]:
    return [(title, "popular") for title in titles]


def not_there_yet(version: ModelVersion) -> None:
    """The pointer has reached this database, and the version's row has not."""
    ModelVersion.objects.filter(pk=version.pk).delete()


def without_parts(version: ModelVersion) -> None:
    ArtefactPart.objects.filter(artefact_id=version.artefact_id).update(data=b"")


def damaged(version: ModelVersion) -> None:
    ArtefactPart.objects.filter(artefact_id=version.artefact_id).update(data=b"damaged")


late = pytest.mark.parametrize(
    "late", [not_there_yet, without_parts, damaged], ids=lambda late: late.__name__
)


def mend(version: ModelVersion, part: ArtefactPart) -> None:
    if not ModelVersion.objects.filter(pk=version.pk).exists():
        version.save(force_insert=True)
    part.save()


@late
def test_the_last_good_order_stays_until_the_next_can_be_read(shop, late, monkeypatch):
    tea, pot, mug = shop
    publish_popular([tea, pot, mug])
    assert shown() == popular("Tea", "Pot", "Mug")
    version = publish_popular([mug, pot, tea])
    part = ArtefactPart.objects.get(artefact_id=version.artefact_id)
    late(version)

    assert shown() == popular("Tea", "Pot", "Mug")
    assert counters.counts() == {"popular_unusable": 1}

    mend(version, part)
    assert shown() == popular("Tea", "Pot", "Mug")  # asked again after a pause only
    monkeypatch.setattr(knowledge, "RETRY_SECONDS", 0.0)
    assert shown() == popular("Mug", "Pot", "Tea")
    assert counters.counts() == {"popular_unusable": 1}


@late
def test_a_first_page_is_shown_without_them_and_the_later_ones_with_them(shop, late, monkeypatch):
    tea, pot, mug = shop
    version = publish_popular([mug, pot, tea])
    part = ArtefactPart.objects.get(artefact_id=version.artefact_id)
    late(version)

    assert {reason for _, reason in shown()} == {"newest"}

    mend(version, part)
    monkeypatch.setattr(knowledge, "RETRY_SECONDS", 0.0)
    assert shown() == popular("Mug", "Pot", "Tea")


@late
def test_a_next_version_is_not_kept_waiting_by_one_that_cannot_be_read(shop, late):
    tea, pot, mug = shop
    late(publish_popular([tea, pot, mug]))
    assert {reason for _, reason in shown()} == {"newest"}

    publish_popular([mug, pot, tea])

    assert shown() == popular("Mug", "Pot", "Tea")


@late
def test_the_last_good_order_outlives_a_new_catalogue(shop, late):
    tea, pot, mug = shop
    publish_popular([tea, pot, mug])
    assert shown() == popular("Tea", "Pot", "Mug")
    late(publish_popular([mug, pot, tea]))
    shown()

    product("Cup")
    read_catalogue()

    assert shown() == [*popular("Tea", "Pot", "Mug"), ("Cup", "newest")]


def test_a_version_that_is_withdrawn_takes_its_order_along(shop):
    tea, pot, mug = shop
    publish_popular([tea, pot, mug])
    assert shown() == popular("Tea", "Pot", "Mug")

    state.point("popular", 0, fence=10**9)

    assert {reason for _, reason in shown()} == {"newest"}
