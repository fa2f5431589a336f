"""Every way into the app, with every fault around it: the shop's page is as it is without us."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from persona_django.tracking.schema import Kind
from tests.faults import examples
from tests.faults.browser import Browser
from tests.faults.doors import Door, doors, functions, signals, tags, urls
from tests.faults.faults import FAULTS, Fault, going_on
from tests.faults.matrix import go_through, through, visitor_of
from tests.faults.running import FaultShop, fault_shop, tell

pytestmark = [pytest.mark.alone, pytest.mark.service("redis")]

SLACK = 2.0
"""Seconds that this machine may be busy with something else."""
OF_EACH_KIND = {
    "middleware", "tag persona_block", "recommend()", "track()", "purchased()", "signal post_save",
    "GET block", "POST events", "GET me",
}  # fmt: skip
"""Doors that reach our database in every way there is: another kind of it, or of server, needs no
more."""
IN_THE_LOOP = Door(name="coroutine", path="/loop/1/")
"""The middleware around a view that is a coroutine, as a server that speaks ASGI calls it."""
VIEWS = f"SELECT COUNT(*) FROM persona_event WHERE kind = {Kind.VIEW.value}"
AT_ONCE = 12
"""Visitors of a storm."""
SOON = 1.0
"""Seconds within which what does not wait for anything is done, on a busy machine."""


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory):
    with fault_shop("postgres", tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture(scope="module")
def on_mariadb(tmp_path_factory):
    with fault_shop("mysql", tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture(scope="module")
def over_asgi(tmp_path_factory):
    with fault_shop("postgres", tmp_path_factory.mktemp("shop"), server="serve_asgi") as shop:
        yield shop


def name_of(one: Fault | Door) -> str:
    return one.name.replace(" ", "-")


def has_no_fault(shop: FaultShop, fault: Fault, door: Door) -> None:
    visitor = visitor_of(shop)

    cell = go_through(shop, fault, door, visitor)

    assert not cell.faults()
    assert cell.first_worker_seconds < fault.waits + SLACK
    assert cell.following_seconds < SOON


@pytest.mark.service("postgresql")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize("door", doors(), ids=name_of)
def test_a_page_is_as_it_is_without_the_app_and_only_the_first_one_waits(
    on_postgresql, fault, door
):
    has_no_fault(on_postgresql, fault, door)


@pytest.mark.service("mariadb")
@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if one.of == "database" and "mysql" in one.is_for], ids=name_of
)
@pytest.mark.parametrize("door", [one for one in doors() if one.name in OF_EACH_KIND], ids=name_of)
def test_the_same_with_our_tables_on_mariadb(on_mariadb, fault, door):
    has_no_fault(on_mariadb, fault, door)


@pytest.mark.service("postgresql")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize(
    "door",
    [IN_THE_LOOP, *(one for one in doors() if one.name in OF_EACH_KIND)],
    ids=name_of,
)
def test_the_same_where_an_event_loop_serves_the_shop(over_asgi, fault, door):
    has_no_fault(over_asgi, fault, door)


@pytest.mark.service("postgresql")
def test_an_event_loop_has_written_a_view_when_it_is_done_with_the_page(over_asgi):
    visitor = visitor_of(over_asgi)
    before = tell(over_asgi.direct, VIEWS)[0][0]

    for path in ("/page/1/", IN_THE_LOOP.path):
        assert visitor.ask(path).status == 200

    assert tell(over_asgi.direct, VIEWS)[0][0] == before + 2


@pytest.mark.service("postgresql")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_public_block_is_shown_from_what_is_known(on_postgresql, fault):
    visitor = visitor_of(on_postgresql)

    with going_on(fault, on_postgresql):
        answers = [visitor.ask("/tag/persona_block/1/") for _ in range(3)]

    assert tuple("Tea 2" in answer.ours for answer in answers) == fault.blocks


@pytest.mark.service("postgresql")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_many_at_once_wait_no_longer_than_one_and_whoever_comes_after_them_not_at_all(
    on_postgresql, fault
):
    shop = on_postgresql
    wanted = Browser(shop.without_app.port).ask("/tag/persona_block/1/").page
    visitors = [visitor_of(shop) for _ in range(AT_ONCE)]

    with going_on(fault, shop), ThreadPoolExecutor(AT_ONCE) as pool:
        first, second = (
            list(pool.map(lambda visitor: visitor.ask("/tag/persona_block/1/"), visitors))
            for _ in range(2)
        )

    assert [answer.page for answer in (*first, *second)] == [wanted] * (2 * AT_ONCE)
    assert max(answer.free for answer in first) < fault.waits + SLACK
    assert max(answer.free for answer in second) < SOON


@pytest.mark.service("postgresql")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_process_that_starts_under_a_fault_shows_the_shop_s_pages_too(on_postgresql, fault):
    shop = on_postgresql
    wanted = Browser(shop.without_app.port).ask("/tag/persona_block/1/").page

    with going_on(fault, shop):
        Browser(shop.with_app.port).ask("/steer/forget-all/")
        found = [Browser(shop.with_app.port).ask("/tag/persona_block/1/") for _ in range(3)]

    assert [answer.page for answer in found] == [wanted] * 3
    assert max(answer.free for answer in found[1:]) < SOON


@pytest.mark.service("postgresql")
def test_no_page_ever_speaks_to_the_broker(on_postgresql):
    shop = on_postgresql
    visitor = visitor_of(shop)
    before = shop.broker.accepted

    for door in doors():
        through(door, visitor)

    assert shop.broker.accepted == before


@pytest.mark.service("postgresql")
def test_what_was_lost_is_counted_and_everything_is_well_again_afterwards(on_postgresql):
    shop = on_postgresql
    Browser(shop.with_app.port).ask("/steer/forget-all/")
    visitor = visitor_of(shop)
    fault = next(one for one in FAULTS if one.name == "database down")

    with going_on(fault, shop):
        visitor.ask("/page/1/")
        lost = visitor.ask("/steer/counts/").text
    answer = visitor_of(shop).ask("/tag/persona_block/1/")

    assert '"view_unwritten":' in lost
    assert '"database_persona_resting": 1' in lost
    assert "Tea 2" in answer.ours


@pytest.mark.parametrize(
    ("found", "examples_of"),
    [
        (tags, examples.TAGS),
        (functions, examples.FUNCTIONS),
        (signals, examples.SIGNALS),
        (urls, examples.URLS),
    ],
)
def test_every_door_has_an_example_and_every_example_its_door(found, examples_of):
    assert set(found()) == set(examples_of)


def test_the_doors_of_each_kind_are_there():
    assert {door.name for door in doors()} >= OF_EACH_KIND
