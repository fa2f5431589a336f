"""A merchant looks at what was learnt, makes a version live, and goes back."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from persona_django.catalogue.models import Item
from persona_django.catalogue.state import read_state
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity.models import NeighbourRow
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


def test_only_a_version_with_a_reason_says_why_it_is_not_live(admin_client, two_versions):
    older, newer = two_versions
    ModelVersion.objects.filter(pk=older.pk).update(reason="Only 3 shoppers.")

    def page(version):
        address = reverse("admin:persona_modelversion_change", args=[version.pk])
        return admin_client.get(address).content.decode()

    assert "Why it is not live" not in page(newer)
    assert "Why it is not live" in page(older) and "Only 3 shoppers." in page(older)


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


# -- two versions side by side --------------------------------------------------------------------


@pytest.fixture
def compared():
    """Of three lists one kept half, one went and one came."""
    tea, mug, pot, tin, old = (factories.product(name) for name in NAMES)
    factories.read_catalogue()
    earlier = factories.publish_neighbours(
        "similar", {tea: [(mug, 0.9, 20), (pot, 0.8, 20)], old: [(tea, 0.5, 20)]}
    )
    later = factories.publish_neighbours(
        "similar", {tea: [(mug, 0.9, 20), (tin, 0.8, 20)], pot: [(tea, 0.5, 20)]}
    )
    return earlier, later


NAMES = ("Green tea", "Stoneware mug", "Iron pot", "Tea tin", "Old kettle")


def choose_to_compare(client, *versions):
    return client.post(
        reverse("admin:persona_modelversion_changelist"),
        {"action": "compare_chosen", "_selected_action": [version.pk for version in versions]},
        follow=True,
    )


def test_two_versions_stand_side_by_side_with_titles(admin_client, compared):
    page = choose_to_compare(admin_client, *compared).content.decode()

    def is_in(name: str, tag: str) -> bool:
        return re.search(rf"<{tag}><a [^>]+>{name}</a>\s*</{tag}>", page) is not None

    assert is_in("Iron pot", "del") and is_in("Tea tin", "ins")
    assert not is_in("Stoneware mug", "del") and not is_in("Stoneware mug", "ins")
    figures = dict(re.findall(r'<tr><th scope="row">(.+?)</th><td>(.+?)</td></tr>', page))
    assert figures == {
        "Lists before": "2",
        "Lists after": "2",
        "Items that came": "1",
        "Items that went": "1",
        "Lists that changed among the first ten": "1",
        "Of the first ten kept, on average": "50 %",
    }
    assert "Old kettle" in page.split("have none any more")[1]


def test_two_versions_that_say_the_same_are_said_to(admin_client, two_versions):
    older, _ = two_versions
    address = reverse("admin:persona_compare", args=[older.pk, older.pk])

    assert "says the same" in admin_client.get(address).content.decode()


def test_two_versions_with_no_list_in_common_have_no_share_to_tell(admin_client, two_versions):
    page = choose_to_compare(admin_client, *two_versions).content.decode()

    assert '<th scope="row">Items that went</th><td>1</td>' in page
    assert "on average" not in page


def test_an_item_that_is_gone_from_the_catalogue_is_named_by_its_number(admin_client, compared):
    gone = Item.objects.get(title="Tea tin")
    Item.objects.filter(pk=gone.pk).delete()

    page = choose_to_compare(admin_client, *compared).content.decode()

    assert f"item {gone.pk}, gone" in page


def test_only_two_versions_of_one_relation_can_be_compared(admin_client, compared):
    earlier, later = compared
    popular = ModelVersion.objects.create(kind="popular", fence=1)
    other = ModelVersion.objects.create(kind="content", relation=6, fence=1)
    mixed = [[earlier], [earlier, later, other], [earlier, other], [popular, popular]]

    for chosen in mixed:
        said = choose_to_compare(admin_client, *chosen).content.decode()
        assert "Choose two versions of one kind" in said
    for pair in ([earlier.pk, other.pk], [popular.pk, popular.pk], [earlier.pk, 987_654]):
        assert admin_client.get(reverse("admin:persona_compare", args=pair)).status_code == 404


def test_a_version_that_is_damaged_is_said_to_be_so_and_not_compared(admin_client, compared):
    NeighbourRow.objects.filter(version_id=compared[1].pk).update(data=b"damaged")

    done = choose_to_compare(admin_client, *compared)

    assert done.redirect_chain[-1][0] == reverse("admin:persona_modelversion_changelist")
    assert "A row of neighbours is damaged" in done.content.decode()


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (
            ModelVersion.Status.ABANDONED,
            "Newer versions are kept.",
            "is abandoned, so not all of its lists are there to be compared. "
            "Newer versions are kept.",
        ),
        (
            ModelVersion.Status.BUILDING,
            "",
            "is building, so not all of its lists are there to be compared.",
        ),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_version_without_all_its_lists_has_not_lost_them(
    admin_client, compared, place, status, reason, says
):
    pk = compared[place].pk
    ModelVersion.objects.filter(pk=pk).update(status=status, reason=reason)
    NeighbourRow.objects.filter(version_id=pk).delete()
    address = reverse("admin:persona_compare", args=[version.pk for version in compared])

    chosen = choose_to_compare(admin_client, *compared).content.decode()
    followed = admin_client.get(address, follow=True).content.decode()

    for page in (chosen, followed):
        assert f"Version {pk} {says}" in page
        assert "Items that went" not in page


def test_who_may_not_see_versions_cannot_compare_them(client, django_user_model, compared):
    colleague = django_user_model.objects.create_user("other", password="x", is_staff=True)
    client.force_login(colleague)
    address = reverse("admin:persona_compare", args=[version.pk for version in compared])
    assert client.get(address).status_code == 403

    colleague.user_permissions.add(Permission.objects.get(codename="view_modelversion"))

    assert client.get(address).status_code == 200
