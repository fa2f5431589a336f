"""Every task of ours, with every fault around it: it ends, nothing is lost, and it is done later.

The shop's page beside it is as it is without the app. A database may also go away in the middle
of a job, at any point of their talk.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from persona_django.tasks import BEAT_SCHEDULE
from persona_django.training.recipes import RECIPES
from tests.faults.browser import Browser
from tests.faults.doors import tasks
from tests.faults.faults import FAULTS, Fault, going_on
from tests.faults.matrix import go_beside, steered, visitor_of
from tests.faults.proxy import Mode
from tests.faults.running import FaultShop, fault_shop
from tests.faults.shop.work import WORK

pytestmark = [pytest.mark.alone, pytest.mark.service("redis", "postgresql")]

SLACK = 3.0
"""Seconds that this machine may be busy with something else."""
SOON = 1.0
"""Seconds; a following page that waited as the first one did would take longer."""
HANGING = [one for one in FAULTS if one.name in ("cache hangs", "database hangs")]
WAITS = 3
"""Times that a job may wait for what does not answer: it asks, and then notes that it failed."""
HOUR = 3_600
SHARES = (0.2, 0.4, 0.6, 0.8)
"""How far a job has come when its database goes away."""
MOST_TICKS = 2 * sum(3 if recipe.learn else 2 for recipe in RECIPES.values())
"""Of the rebuild: each does a stage, and the messages in between are lost. Twice as many, because
some kinds are due again meanwhile."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with fault_shop("postgres", tmp_path_factory.mktemp("shop"), delay=0.03) as found:
        yield found


def name_of(one: Any) -> str:
    return str(getattr(one, "name", one)).replace(" ", "-")


def is_taken_again(shop: FaultShop, task: str) -> None:
    """What was not done is done by a later tick, without anybody's help."""
    is_done, seconds, died = steered(shop, "work")
    assert seconds <= HOUR
    assert died <= 1
    for _ in range(MOST_TICKS):
        if is_done:
            break
        steered(shop, "pass-the-time")
        assert steered(shop, "task", task).startswith("SUCCESS")
        is_done, *_ = steered(shop, "work")
    assert is_done


def questions_of(shop: FaultShop, task: str) -> int:
    """How much a task asks the database at the least where nothing goes wrong: the first time it
    may find what others left, and on a busy machine it says more often that it is alive."""
    asked = []
    for _ in range(3):
        steered(shop, "prepare", task)
        before = shop.database.questions
        assert steered(shop, "task", task).startswith("SUCCESS")
        asked.append(shop.database.questions - before)
        is_taken_again(shop, task)
    return min(asked)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize("task", tasks())
def test_a_task_ends_whatever_is_broken_and_is_done_when_it_is_mended(shop, fault: Fault, task):
    page = Browser(shop.without_app.port).ask("/page/1/").page
    steered(shop, "prepare", task)

    with going_on(fault, shop):
        visitor = Browser(shop.with_app.port, patience=60)
        answer = visitor.ask(f"/steer/task/?name={quote(task)}")
        beside = Browser(shop.with_app.port).ask("/page/1/").page
    said = json.loads(answer.text)["answer"]

    assert beside == page
    assert answer.free < WAITS * fault.waits + SLACK
    assert said.startswith("SUCCESS") or fault.may_fail(said), said
    is_taken_again(shop, task)


@pytest.mark.parametrize("fault", HANGING, ids=name_of)
@pytest.mark.parametrize("task", tasks())
def test_a_page_beside_a_task_that_waits_is_as_without_us_and_only_the_first_one_waits(
    shop, fault, task
):
    cell = go_beside(shop, fault, task, visitor_of(shop))

    assert not cell.faults()
    assert cell.first_worker_seconds < fault.waits + SLACK
    assert cell.following_seconds < SOON


@pytest.mark.parametrize("task", tasks())
def test_a_job_whose_database_goes_away_in_the_middle_is_done_by_a_later_tick(shop, task):
    asked = questions_of(shop, task)
    broke = 0
    for share in SHARES:
        steered(shop, "prepare", task)
        shop.database.break_after(int(asked * share))

        said = steered(shop, "task", task)
        broke += shop.database.mode is Mode.REFUSE
        shop.heal()
        steered(shop, "forget-faults")

        assert said.startswith("SUCCESS") or "Error" in said, said
        is_taken_again(shop, task)
    # A talk is a little shorter where pieces of it arrive together.
    assert broke >= len(SHARES) - 1


def test_every_task_has_something_to_do_and_stands_in_the_schedule():
    assert set(WORK) == set(tasks()) == set(BEAT_SCHEDULE)
