"""temporal: the shop's own history, cut at a moment; nothing after it is learnt from."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from persona_django.evaluation.protocols import temporal
from persona_django.evaluation.task import Options
from persona_django.exceptions import BadEvaluation
from tests.factories import products, read_catalogue
from tests.training.history import buy, customers, look

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
    buy(regulars[:2], shop[2:5], days_ago=3)
    buy(customers(1), shop[5:6], days_ago=1)

    task = read()

    exam = task.exam
    assert len(exam.questions) == 2, "who came for the first time has no history to ask from"
    assert (exam.answer_indptr.tolist(), len(set(exam.answer.tolist()))) == ([0, 3, 6], 3)
    assert not set(exam.answer.tolist()) & set(exam.lessons.steps.item.tolist())
    assert task.unknown_targets == 6
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
