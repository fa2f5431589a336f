"""temporal: the shop's own history, cut at a moment; nothing after it is learnt from."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import TruncDate

from persona_django.evaluation.protocols import temporal
from persona_django.evaluation.task import Options
from persona_django.exceptions import BadEvaluation
from persona_django.tracking.schema import Basis, Kind
from tests.factories import products, read_catalogue
from tests.shop.models import OrderLine
from tests.tracking.buying import with_map
from tests.training.history import buy, customers, keys_of, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    made = products(6)
    read_catalogue()
    return made


def read():
    return temporal.read(None, None, {}, Options())


def test_what_known_customers_buy_after_the_moment_is_wanted(shop):
    regulars = customers(6)
    for days_ago in (60, 50, 40, 30, 20):
        buy(regulars, shop[0:2], days_ago=days_ago)
    buy(regulars[:3], shop[2:5], days_ago=3)
    buy(customers(1), shop[5:6], days_ago=1)

    task = read()

    exam = task.exam
    assert len(exam.questions) == 3, "who came for the first time has no history to ask from"
    assert (exam.answer_indptr.tolist(), len(set(exam.answer.tolist()))) == ([0, 3, 6, 9], 3)
    assert not set(exam.answer.tolist()) & set(exam.lessons.steps.item.tolist())
    assert task.unknown_targets == 9
    assert task.notes["Wanted"] == "what they bought"


def test_nothing_from_the_moment_on_is_learnt_from(shop):
    regulars = customers(5)
    for days_ago in range(40, 0, -2):
        buy(regulars, shop[days_ago % 3 : days_ago % 3 + 1], days_ago=days_ago)

    task = read()

    exam, rehearsal = task.exam, task.rehearsal
    assert len(exam.questions) == len(rehearsal.questions) == 5
    for part in (exam, rehearsal):
        assert part.lessons.steps.at.max() < part.questions.now.min()
        assert part.questions.histories.at.max() < part.questions.now.min()
    assert rehearsal.questions.now.max() < exam.questions.now.min()


def test_a_shop_without_orders_is_judged_by_what_people_look_at(shop):
    for days_ago in (30, 20, 10, 2, 1):
        look(range(1, 9), shop[days_ago % 5 : days_ago % 5 + 2], days_ago=days_ago)

    task = read()

    assert task.notes["Wanted"] == "what they looked at"
    assert len(task.exam.questions) == 8


def test_what_was_imported_without_consent_teaches_and_describes_nobody(shop):
    """Not as a history, not as an answer, and it moves no border of the parts."""
    regulars = customers(5)
    for days_ago in range(40, 0, -2):
        buy(regulars, shop[days_ago % 3 : days_ago % 3 + 1], days_ago=days_ago)
    alone = read()
    strangers = range(901, 921)
    for days_ago in (50, 30, 10, 1):
        look(strangers, shop[3:5], kind=Kind.PURCHASE, basis=Basis.AGGREGATE, days_ago=days_ago)

    task = read()

    for part, before in ((task.exam, alone.exam), (task.rehearsal, alone.rehearsal)):
        assert part.questions.now.tolist() == before.questions.now.tolist()
        assert len(part.questions.histories.item) == len(before.questions.histories.item)
        assert len(part.answer) == len(before.answer)
    taught = np.bincount(task.exam.lessons.steps.item)
    assert sorted(taught.tolist())[-2:] == [60, 60], (
        "what twenty did three times before the moment"
    )
    assert task.notes["Imported without consent"].startswith("160 interactions")


def test_an_order_of_which_the_day_is_kept_comes_after_what_was_looked_at_that_day(shop):
    regulars = customers(8)
    today = datetime.now(timezone.utc)
    noon = (today - timedelta(days=5)).replace(hour=12)
    for days_ago in range(40, 33, -1):
        look(keys_of(regulars), shop[days_ago % 3 : days_ago % 3 + 1], days_ago=days_ago)
    look(keys_of(regulars), shop[4:5], days_ago=(today - noon) / timedelta(days=1))
    buy(regulars, shop[5:6], days_ago=(today - noon) / timedelta(days=1) - 0.25)

    def queryset(self):
        return OrderLine.objects.annotate(day=TruncDate("order__created"))

    with with_map(placed_at="day", queryset=queryset):
        exam = read().exam

    assert len(exam.questions) == 8
    assert exam.questions.histories.at.max() == int(noon.timestamp())
    assert not set(exam.answer.tolist()) & set(exam.lessons.steps.item.tolist())


def test_fewer_shoppers_than_agree_on_anything_are_not_judged(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_SUPPORT": 6}
    regulars = customers(6)
    for days_ago in (60, 50, 40, 30, 20):
        buy(regulars, shop[0:2], days_ago=days_ago)
    buy(regulars[:5], shop[2:4], days_ago=3)

    with pytest.raises(BadEvaluation, match="Fewer than 6 shoppers"):
        read()

    buy(regulars[5:], shop[2:4], days_ago=3)
    assert len(read().exam.questions) == 6


@pytest.mark.parametrize("history", ["nothing", "one day"])
def test_too_little_history_says_what_is_missing(shop, history):
    if history == "one day":
        buy(customers(3), shop[0:1], days_ago=1)

    with pytest.raises(BadEvaluation, match="nothing"):
        read()


def test_without_a_catalogue_it_says_what_to_run():
    with pytest.raises(BadEvaluation, match="persona_sync"):
        read()


def test_it_takes_no_file_and_the_others_need_one(shop, tmp_path):
    with pytest.raises(CommandError, match="takes no file"):
        call_command("persona_evaluate", "temporal", str(tmp_path / "visits.csv"), verbosity=0)
    with pytest.raises(CommandError, match="session-next needs a file"):
        call_command("persona_evaluate", "session-next", verbosity=0)


def test_the_command_judges_the_pipeline_on_the_shop_s_history(shop, tmp_path, one_thread):
    for start in range(3):
        people = customers(4)
        for round_ in range(6):
            at = (start + round_) % 3
            buy(people, shop[at : at + 2], days_ago=70 - 10 * round_ - start)

    figures = tmp_path / "figures.json"
    call_command("persona_evaluate", "temporal", "--k", "5", "--json", str(figures), verbosity=0)

    found = json.loads(figures.read_text())
    assert found["protocol"] == "temporal"
    assert found["methods"]["default"]["hr@5"] > 0.5
