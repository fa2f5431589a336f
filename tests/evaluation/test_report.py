"""What an evaluation found out, as JSON, as text and as a page."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_django.evaluation.report import NO_METHOD, as_html, as_json, as_text
from persona_django.evaluation.results import Figures, Results
from tests import chromium
from tests.house.tree import APP

SVG = "{http://www.w3.org/2000/svg}"
shares = st.floats(0, 1)
intervals = st.tuples(shares, shares).map(lambda ends: tuple(sorted(ends)))


def figures(values: dict[str, float], **intervals: tuple[float, float]) -> Figures:
    """`intervals` by metric, of lists of ten."""
    around = {f"{metric}@10": ends for metric, ends in intervals.items()}
    return Figures(seconds=1.5, values=values, intervals=around)


def results(methods: dict[str, Figures], *, default: str = "pipeline") -> Results:
    return Results(
        protocol="next-item",
        file="visits.csv",
        header={"Items": "1,200", "Test": "the last week"},
        cases=5_000,
        unknown_targets=12,
        default=default,
        methods=methods,
    )


TWO = results(
    {
        "popular": figures({"hr@10": 0.1, "gini@10": 0.99, "hr@5": 0.05}, hr=(0.09, 0.11)),
        "pipeline": figures({"hr@10": 0.31234, "gini@10": 0.5, "hr@5": 0.2}, hr=(0.3051, 0.3195)),
    }
)


def many_columns(*metrics: str) -> Results:
    values = {f"{metric}@{k}": 0.25 for metric in metrics for k in (5, 10, 20)}
    return results({"pipeline": figures(values), "popular": figures(values)})


def tables(text: str) -> list[list[str]]:
    """Lines of each table: head, rule, rows."""
    parts = [part.splitlines() for part in text.split("\n\n")]
    return [lines for lines in parts if lines[0].startswith("method ")]


def drawings(page: str) -> Iterator[ElementTree.Element]:
    for found in re.findall(r"<svg.*?</svg>", page, re.S):
        yield ElementTree.fromstring(found)


def test_json_has_exactly_the_promised_keys_and_comes_back_as_it_was():
    found = as_json(TWO)

    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found == {
        "protocol": "next-item",
        "file": "visits.csv",
        "header": {"Items": "1,200", "Test": "the last week"},
        "cases": 5_000,
        "unknown_targets": 12,
        "default": "pipeline",
        "methods": {
            "popular": {
                "hr@10": 0.1,
                "gini@10": 0.99,
                "hr@5": 0.05,
                "seconds": 1.5,
                "intervals": {"hr@10": [0.09, 0.11]},
            },
            "pipeline": {
                "hr@10": 0.31234,
                "gini@10": 0.5,
                "hr@5": 0.2,
                "seconds": 1.5,
                "intervals": {"hr@10": [0.3051, 0.3195]},
            },
        },
    }


def test_json_says_none_for_what_could_not_be_judged_and_takes_numbers_of_numpy():
    odd = figures({"hr@10": math.nan, "mrr@10": np.float64(0.5)}, hr=(math.nan, math.inf))

    found = as_json(results({"pipeline": odd}))["methods"]["pipeline"]

    assert found["hr@10"] is None
    assert found["intervals"] == {"hr@10": [None, None]}
    assert type(found["mrr@10"]) is float


def test_text_is_facts_then_a_table_grouped_by_length_then_the_intervals_of_the_default():
    assert as_text(TWO, width=80) == (
        "Protocol         next-item\n"
        "File             visits.csv\n"
        "Items            1,200\n"
        "Test             the last week\n"
        "Cases            5,000\n"
        "Unknown targets  12\n"
        "\n"
        "method                hr@5    hr@10   gini@10   seconds\n"
        "--------------------------------------------------------\n"
        "popular             0.0500   0.1000    0.9900      1.50\n"
        "pipeline (default)  0.2000*  0.3123*   0.5000      1.50\n"
        "\n"
        "* the best of its column\n"
        "\n"
        "95 % intervals of pipeline:\n"
        "  hr@10 0.3123 (0.3051 to 0.3195)"
    )


def test_of_what_is_not_better_for_being_more_none_is_the_best():
    names = ("gini@10", "novelty@10", "diversity@10", "coverage@10")
    text = as_text(
        results(
            {"a": figures(dict.fromkeys(names, 0.1)), "b": figures(dict.fromkeys(names, 0.2))}
        ),
        width=100,
    )

    assert "0.2000" in text
    assert "*" not in text


def test_methods_that_read_alike_are_the_best_together():
    first, second, third = (figures({"hr@10": value}) for value in (0.30001, 0.30002, 0.2))

    text = as_text(results({"a": first, "b": second, "c": third}), width=80)

    assert text.count("0.3000*") == 2
    assert text.count("0.2000*") == 0


def test_what_could_not_be_judged_or_was_not_is_a_dash_and_never_the_best():
    unjudged = figures({"hr@10": math.nan}, hr=(math.nan, math.nan))
    found = results({"pipeline": unjudged, "popular": figures({"hr@10": 0.1, "mrr@10": 0.2})})

    rows = tables(as_text(found, width=80))[0]

    assert rows[2].split()[-3:] == ["-", "-", "1.50"]
    assert "0.1000*" in rows[3]
    assert "intervals" not in as_text(found, width=80)
    assert "nan" not in as_html(found)


def test_columns_that_do_not_fit_stand_in_further_tables_that_name_the_methods_again():
    text = as_text(many_columns("hr", "mrr", "ndcg", "map"), width=60)

    found = tables(text)
    heads = [name for table in found for name in table[0].split()[1:]]

    assert max(map(len, text.splitlines())) <= 60
    assert all(table[2].startswith("pipeline (default) ") for table in found)
    assert all(table[3].startswith("popular ") for table in found)
    assert heads == [
        *("hr@5", "mrr@5", "ndcg@5", "map@5"),
        *("hr@10", "mrr@10", "ndcg@10", "map@10"),
        *("hr@20", "mrr@20", "ndcg@20", "map@20"),
        "seconds",
    ]
    assert [len(table[0].split()) for table in found] == [5, 5, 5, 2]


@given(width=st.integers(1, 200))
def test_at_any_width_every_column_is_shown_once_and_stands_under_its_name(width: int):
    found = tables(as_text(many_columns("hr", "recall_repeated", "gini"), width=width))

    heads = [name for table in found for name in table[0].split()[1:]]
    assert sorted(heads) == sorted(set(heads))
    assert len(heads) == 10
    for head, _, *rows in found:
        for row in rows:
            ends = [match.end() for match in re.finditer(r"\d+\.\d+", row)]
            assert ends == [match.end() for match in re.finditer(r"\S+", head)][1:]


def test_long_facts_and_many_intervals_are_folded_without_tearing_a_path_or_an_interval():
    metrics = ("hr", "recall", "ndcg", "mrr", "map")
    values = {f"{metric}@10": 0.5 for metric in metrics}
    judged = figures(values, **dict.fromkeys(metrics, (0.4, 0.6)))
    path = "/a-rather-long-folder/" * 4 + "visits.csv"
    found = results({"pipeline": judged})
    long = Results(**{**vars(found), "file": path, "header": {"Split": "by time " * 20}})

    text = as_text(long, width=60)

    assert path in text
    assert text.count("0.5000 (0.4000 to 0.6000)") == 5
    assert max(len(line) for line in text.splitlines() if path not in line) <= 60


def test_without_a_method_text_and_page_say_so():
    nothing = results({})

    assert as_text(nothing, width=80).endswith(NO_METHOD)
    assert NO_METHOD in as_html(nothing)
    assert "<table" not in as_html(nothing)
    assert as_json(nothing)["methods"] == {}


def test_text_of_others_is_never_markup():
    name = "<b>&\"'"
    found = results({name: figures({f"hr@10{name}": 0.5, "hr@10": 0.5}, hr=(0.4, 0.6))})
    hostile = Results(
        **{**vars(found), "protocol": name, "file": name, "header": {name: name}, "default": name}
    )

    page = as_html(hostile)

    assert "<b>" not in page
    assert "&lt;b&gt;&amp;&quot;&#x27;" in page
    assert next(drawings(page)).find(f".//{SVG}text").text == f"{name} (default)"


def test_the_page_asks_for_nothing_and_runs_nothing():
    page = as_html(TWO)

    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"data:,"}
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_marks_the_best_and_the_default_with_more_than_colour():
    page = as_html(TWO)

    best = re.findall(r'class="[^"]*best">([\d.]+)<span class="mark">\*<', page)
    assert best == ["0.2000", "0.3123"]
    assert '>pipeline <span class="aside">(default)</span></th>' in page
    assert "hr@10 0.3123 (0.3051 to 0.3195)" in page


@given(
    judged=st.lists(
        st.tuples(shares | st.just(math.nan), st.none() | intervals), min_size=1, max_size=4
    )
)
@settings(max_examples=50)
def test_everything_drawn_lies_inside_the_drawing(judged):
    methods = {
        f"method {at}": figures({"hr@10": value}, **({} if ends is None else {"hr": ends}))
        for at, (value, ends) in enumerate(judged)
    }

    (drawing,) = drawings(as_html(results(methods)))

    _, _, across, down = map(float, drawing.get("viewBox").split())
    bars = drawing.findall(f".//{SVG}rect")
    assert len(bars) == len(judged)
    for bar in bars:
        x, y, wide, high = (float(bar.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= across
        assert 0 <= y <= y + high <= down
    for path in drawing.findall(f".//{SVG}path"):
        assert_inside(path.get("d"), across, down)
    for word in drawing.findall(f".//{SVG}text"):
        assert 0 <= float(word.get("x")) <= across
        assert 0 <= float(word.get("y")) <= down


def assert_inside(path: str, across: float, down: float) -> None:
    """Moves to x y, and lines across to x and down to y, with room for a stroke's own breadth."""
    steps = re.findall(r"([MHV])([\d.]+)(?: ([\d.]+))?", path)
    assert "".join(step[0] for step in steps) == "MVMHMV"
    for letter, first, second in steps:
        horizontal = first if letter in "MH" else None
        vertical = first if letter == "V" else second
        assert horizontal is None or 3 <= float(horizontal) <= across - 3
        assert not vertical or 3 <= float(vertical) <= down - 3


def test_bars_are_as_long_as_their_figures_and_whiskers_end_where_intervals_do():
    (chart, *_) = [drawing for drawing in drawings(as_html(TWO)) if "hr@10" in drawing[0].text]

    popular, pipeline = (float(bar.get("width")) for bar in chart.findall(f".//{SVG}rect"))
    _, whisker = (path.get("d") for path in chart.findall(f".//{SVG}path[@class='whisker']"))
    low, high = (float(x) for x in re.findall(r"M([\d.]+)", whisker)[::2])
    left = float(chart.find(f".//{SVG}rect").get("x"))

    assert popular / pipeline == pytest.approx(0.1 / 0.31234, abs=0.001)
    assert (low - left) / pipeline == pytest.approx(0.3051 / 0.31234, abs=0.001)
    assert (high - left) / pipeline == pytest.approx(0.3195 / 0.31234, abs=0.001)


def test_a_drawing_says_in_words_what_it_shows():
    charts = list(drawings(as_html(TWO)))

    assert [chart.get("role") for chart in charts] == ["img", "img"]
    assert [chart[0].get("id") for chart in charts] == [
        chart.get("aria-labelledby") for chart in charts
    ]
    assert charts[1][0].text == (
        "hr@10: popular 0.1000 (0.0900 to 0.1100), pipeline (default) 0.3123 (0.3051 to 0.3195)"
    )


def test_a_long_name_leaves_room_for_its_figure_and_is_said_in_full():
    name = "what visits like this one went on to and bought"

    (drawing,) = drawings(as_html(results({name: figures({"hr@10": 0.5})}, default=name)))

    assert drawing.find(f".//{SVG}text").text == "what visits like this one… (default)"
    assert drawing.find(f"{SVG}g/{SVG}title").text == f"{name} (default) 0.5000"


@override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True)
def test_a_shop_whose_language_writes_commas_draws_the_same():
    found = results({f"method {at}": figures({"hr@10": 1 / (at + 1)}) for at in range(30)})

    (drawing,) = drawings(as_html(found))

    assert drawing.get("viewBox") == "0 0 360 1380"
    assert "," not in drawing.findall(f".//{SVG}rect")[1].get("width")


def test_colours_can_be_told_apart_in_both_schemes():
    sheet = (APP / "templates" / "persona" / "evaluation.css").read_text("utf-8")
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in sheet.split("@media"))

    for scheme in (light, dark):
        for name in ("ink", "quiet"):
            assert contrast(scheme[name], scheme["paper"]) >= 4.5
        for name in ("other", "default"):
            assert contrast(scheme[name], scheme["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 reckons it, 1 to 21."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.browser
def test_on_a_phone_the_page_is_as_wide_as_the_screen_and_words_do_not_collide(tmp_path: Path):
    name = "W" + "m" * 60
    judged = figures({f"{metric}@10": 0.5 for metric in ("hr", "recall", "ndcg", "map", "mrr")})
    wide = figures(judged.values | {"hr@10": 0.3123}, hr=(0.3051, 0.3195))
    file = tmp_path / "report.html"
    default = "what visits like this one went on to and bought"
    file.write_text(as_html(results({default: wide, name: judged}, default=default)), "utf-8")

    with chromium.launched() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        across = page.evaluate("document.documentElement.scrollWidth")
        left, right = (page.locator("svg text").nth(at).bounding_box() for at in (0, 1))

    assert across == 360
    assert asked == [file.as_uri()]
    assert left["x"] + left["width"] < right["x"]
