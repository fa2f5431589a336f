"""A merchant looks at what was learnt, makes a version live, and goes back."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from persona_django.catalogue.state import read_state
from persona_django.model_registry.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_versions():
    tea, mug = factories.products(2)
    factories.read_catalogue()
    older = factories.publish_neighbours("similar", {tea: [(mug, 0.9, 20)]})
    ModelVersion.objects.filter(pk=older.pk).update(status=ModelVersion.Status.RETIRED)
    newer = factories.publish_neighbours("similar", {mug: [(tea, 0.9, 20)]})
    newer.figures = {"items": 2, "pairs": 1234, "seconds": {"reading": 0.5}}
    newer.save()
    return older, newer


def live_similar() -> int:
    return read_state(fresh=True)["similar"]


def test_the_list_shows_each_run_with_its_counts(admin_client, two_versions):
    page = admin_client.get(reverse("admin:persona_modelversion_changelist")).content.decode()

    assert "1,234 pairs" in page
    assert "retired" in page


def test_a_version_shows_its_figures_and_the_way_back(admin_client, two_versions):
    _, newer = two_versions

    page = admin_client.get(reverse("admin:persona_modelversion_change", args=[newer.pk]))

    assert "seconds: reading" in page.content.decode()
    assert "Go back to the version before" in page.content.decode()


def test_going_back_makes_the_version_before_live(admin_client, two_versions):
    older, newer = two_versions

    done = admin_client.post(reverse("admin:persona_roll_back", args=[newer.pk]), follow=True)

    assert f"Version {older.pk} of similar is live now" in done.content.decode()
    assert live_similar() == older.pk


def test_publishing_an_older_version_makes_it_live_again(admin_client, two_versions):
    older, _ = two_versions

    admin_client.post(reverse("admin:persona_publish", args=[older.pk]))

    assert live_similar() == older.pk


def test_going_back_without_an_older_version_says_why_not(admin_client, two_versions):
    older, newer = two_versions
    older.delete()

    done = admin_client.post(reverse("admin:persona_roll_back", args=[newer.pk]), follow=True)

    assert "no older version" in done.content.decode()
    assert live_similar() == newer.pk


def test_a_version_held_back_by_its_checks_can_be_published_by_a_person(
    admin_client, two_versions
):
    held_back = ModelVersion.objects.create(
        kind="similar",
        relation=1,
        status=ModelVersion.Status.STAGED,
        fence=2_000_000_000,
        reason="It covers only 10 % of the items.",
    )
    address = reverse("admin:persona_modelversion_change", args=[held_back.pk])
    assert "It covers only 10 %" in admin_client.get(address).content.decode()

    admin_client.post(reverse("admin:persona_publish", args=[held_back.pk]))

    assert live_similar() == held_back.pk


def test_a_colleague_who_may_only_look_cannot_publish(client, django_user_model, two_versions):
    older, newer = two_versions
    colleague = django_user_model.objects.create_user("looks", password="x", is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    client.force_login(colleague)

    page = client.get(reverse("admin:persona_modelversion_change", args=[newer.pk]))
    refused = client.post(reverse("admin:persona_publish", args=[older.pk]))

    assert "Go back to the version before" not in page.content.decode()
    assert refused.status_code == 403
    assert live_similar() == newer.pk


def test_a_link_alone_changes_nothing(admin_client, two_versions):
    older, newer = two_versions

    answer = admin_client.get(reverse("admin:persona_publish", args=[older.pk]))

    assert answer.status_code == 405
    assert live_similar() == newer.pk


def test_an_address_that_names_no_version_leads_back_instead_of_failing(admin_client):
    answer = admin_client.get("/admin/persona/modelversion/abc/change/")

    assert answer.status_code == 302


def test_the_first_version_offers_no_way_back(admin_client, two_versions):
    older, newer = two_versions
    older.delete()

    page = admin_client.get(reverse("admin:persona_modelversion_change", args=[newer.pk]))

    assert "Go back to the version before" not in page.content.decode()


def choose(client, *versions):
    """Tick versions in the list, choose to publish, and press Go."""
    return client.post(
        reverse("admin:persona_modelversion_changelist"),
        {"action": "publish_chosen", "_selected_action": [version.pk for version in versions]},
        follow=True,
    )


def test_the_list_leads_back_to_an_older_version_after_a_question(admin_client, two_versions):
    older, newer = two_versions

    asked = choose(admin_client, older).content.decode()

    publish = reverse("admin:persona_publish", args=[older.pk])
    assert f'action="{publish}"' in asked
    assert f"Version {older.pk} of similar" in asked
    assert f"It takes the place of version {newer.pk}" in asked
    assert live_similar() == newer.pk
    admin_client.post(publish)
    assert live_similar() == older.pk


def test_the_question_says_why_a_version_was_held_back(admin_client, two_versions):
    _, newer = two_versions
    ModelVersion.objects.filter(pk=newer.pk).update(
        status=ModelVersion.Status.STAGED, reason="It covers only 10 % of the items."
    )

    assert "It was held back: It covers only 10 %" in choose(admin_client, newer).content.decode()


def test_only_one_whole_version_that_is_not_live_yet_can_be_chosen(admin_client, two_versions):
    older, newer = two_versions
    unfinished = ModelVersion.objects.create(kind="similar", fence=1)

    said = [
        choose(admin_client, *chosen).content.decode()
        for chosen in ([older, newer], [newer], [unfinished])
    ]

    assert "Choose one version" in said[0]
    assert f"Version {newer.pk} is live" in said[1]
    assert f"Version {unfinished.pk} is building" in said[2]
    assert live_similar() == newer.pk


def test_who_may_only_look_is_not_offered_to_publish_from_the_list(
    client, django_user_model, two_versions
):
    older, newer = two_versions
    colleague = django_user_model.objects.create_user("looks", password="x", is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    client.force_login(colleague)

    page = client.get(reverse("admin:persona_modelversion_changelist")).content.decode()
    tried = choose(client, older).content.decode()

    assert "publish_chosen" not in page
    assert "Publish this version?" not in tried
    assert live_similar() == newer.pk
