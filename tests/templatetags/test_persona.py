"""Blocks in templates: markup, themes, cards of the shop's own, and nothing that could run."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import RequestFactory, override_settings
from django.utils import translation

from persona_django import counters
from persona_django.blocks.stencils import stand_in
from persona_django.serving.recommend import forget
from tests.factories import (
    mapped,
    product,
    publish_neighbours,
    read_catalogue,
    with_templates,
)
from tests.shop.models import Brand, Product

pytestmark = pytest.mark.django_db


class Parsed(HTMLParser):
    """Elements and attributes of a page, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Which elements with which attributes, whatever their values."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def render(text: str, **context: Any) -> str:
    request = RequestFactory().get("/")
    made = engines["django"].from_string("{% load persona %}" + text)
    return str(made.render(context, request))


SIMILAR = '{% persona_block "similar-items" product %}'


@pytest.fixture
def tea():
    tea = product("Tea")
    mug = product("Mug", price="4.50", list_price="9.00", picture="/media/mug.jpg")
    pot = product("Pot")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 214), (pot, 0.5, 30)]})
    return tea


# -- markup ---------------------------------------------------------------------------------------


def test_a_block_is_a_named_section_with_a_list_of_cards(tea):
    page = Parsed(render(SIMILAR, product=tea))

    (section,) = page.all("section")
    (heading,) = page.all("h2")
    assert section["aria-labelledby"] == heading["id"]
    assert len(page.all("ul")) == 1
    assert [one["data-persona-slot"] for one in page.all("li")] == ["1", "2"]
    assert [one["href"] for one in page.all("a")] == [
        f"/product/{tea.pk + 1}/",
        f"/product/{tea.pk + 2}/",
    ]
    assert all("alt" in image for image in page.all("img"))
    assert page.all("img")[0]["src"] == "/media/mug.jpg"
    assert "4.50 EUR" in page.text
    assert "9.00 EUR" in page.text
    assert "More than 200 shoppers liked both" in page.text


def test_two_blocks_of_a_page_have_headings_of_their_own(tea):
    product("Cup")
    read_catalogue()

    page = Parsed(render('{% persona_block "similar-items" product size=1 %}' * 2, product=tea))

    ids = [heading["id"] for heading in page.all("h2")]
    assert len(set(ids)) == 2
    assert [section["aria-labelledby"] for section in page.all("section")] == ids
    anchors = [slot["data-persona-slate"] for slot in page.all("li")]
    assert anchors == ["similar-items-1", "similar-items-2"]


def test_a_template_may_give_the_block_another_title_and_size(tea):
    page = Parsed(
        render('{% persona_block "similar-items" product size=1 title="Like it" %}', product=tea)
    )

    assert "Like it" in page.text
    assert len(page.all("li")) == 1


def test_a_block_can_be_kept_in_a_variable(tea):
    html = render('{% persona_block "similar-items" product as it %}<b>{{ it }}</b>', product=tea)

    assert html.startswith("<b><section")


def test_an_empty_block_leaves_no_trace_in_the_page():
    assert render(SIMILAR, product=product("Tea")) == ""


def test_slots_alone_let_the_shop_write_its_own_markup(tea):
    html = render(
        '{% persona_slots "similar-items" product size=1 as slots %}'
        "{% for slot in slots %}<div {{ slot.attrs }}>{{ slot.product.name }}</div>{% endfor %}",
        product=tea,
    )

    (card,) = Parsed(html).all("div")
    assert list(card) == [f"data-persona-{name}" for name in ("slot", "slate", "item", "token")]
    assert card["data-persona-slate"] == "similar-items-1"
    assert "Mug" in html


def test_prices_are_written_as_in_the_language_of_the_page(tea):
    with translation.override("de"):
        assert "4,50 EUR" in render(SIMILAR, product=tea)


# -- themes ---------------------------------------------------------------------------------------


def test_a_shop_overrides_our_templates_to_change_the_look(tea):
    with with_templates(persona__card="<i>{{ slot.title }}</i>"):
        html = render(SIMILAR, product=tea)

    assert "<i>Mug</i>" in html
    assert "<section" in html


def test_the_shop_s_own_card_is_used_inside_our_block(tea):
    card = "<em>{{ object.name }} {{ product.pk }} {{ stranger.name }} {{ slot.position }}</em>"
    named = card.replace("stranger", "product")
    with with_templates(shop__card=named), mapped(Product, card_template="shop/card.html"):
        html = render(SIMILAR, product=tea)

    assert f"<em>Mug {tea.pk + 1} Mug 1</em>" in html
    assert "data-persona-token" in html


def test_each_card_offers_two_buttons_with_its_own_product_in_their_names(tea):
    Product.objects.filter(name="Pot").update(name='"Pot" & <b>')
    read_catalogue()

    page = Parsed(render(SIMILAR, product=tea))

    assert [one["aria-label"] for one in page.all("button")] == [
        "More like this: Mug",
        "Not for me: Mug",
        'More like this: "Pot" & <b>',
        'Not for me: "Pot" & <b>',
    ]
    assert not page.all("b")


def test_a_shop_s_card_and_template_of_the_buttons_know_the_title(tea):
    card = "{% load persona %}{% persona_tools slot %}{% persona_tools nothing %}"
    tools = "<i>{% get_current_language as now %}{{ now }} {{ title }}</i>"
    with (
        with_templates(shop__card=card, persona__tools="{% load i18n %}" + tools),
        mapped(Product, card_template="shop/card.html"),
    ):
        english = render(SIMILAR, product=tea)
        with translation.override("de"):
            german = render(SIMILAR, product=tea)

    assert "<i>en Mug</i>" in english and "<i>en Pot</i>" in english
    assert "<i>de Mug</i>" in german


def test_a_template_of_the_buttons_by_the_shop_knows_the_slot_of_its_own_card(tea):
    tools = "<i>{{ slot.title }} {{ slot.position }} {{ product.pk }} {{ title }}</i>"
    with with_templates(persona__tools=tools):
        html = render(SIMILAR, product=tea)

    assert f"<i>Mug 1 {tea.pk + 1} Mug</i>" in html
    assert f"<i>Pot 2 {tea.pk + 2} Pot</i>" in html


def test_a_card_that_includes_the_buttons_names_its_own_product_in_them(tea):
    card = '{% include "persona/tools.html" %}'
    with with_templates(shop__card=card), mapped(Product, card_template="shop/card.html"):
        page = Parsed(render(SIMILAR, product=tea))

    assert [one["aria-label"] for one in page.all("button")] == [
        "More like this: Mug",
        "Not for me: Mug",
        "More like this: Pot",
        "Not for me: Pot",
    ]


def test_the_buttons_of_a_page_are_rendered_once_and_say_what_a_translator_wrote(tea, monkeypatch):
    asked: list[str] = []

    def translated(text: str) -> str:
        asked.append(text)
        return "{0} {undo} {{back}} \ue000" if text == "Undo" else really(text)

    really = translation._trans.gettext
    monkeypatch.setattr(translation._trans, "gettext", translated)
    page = Parsed(render(SIMILAR, product=tea))

    undone = [one["data-persona-undo"] for one in page.all("button") if "data-persona-undo" in one]
    assert undone == ["{0} {undo} {{back}} \ue000"] * 2
    assert asked.count("Undo") == 1


def test_a_card_sees_the_page_around_it_and_leaves_it_as_it_was(tea):
    card = "<em>{{ shade }} {{ object.name }}</em>"
    with with_templates(shop__card=card), mapped(Product, card_template="shop/card.html"):
        html = render(SIMILAR + "{{ product.name }}{{ object }}", product=tea, shade="dark")

    assert "<em>dark Mug</em>" in html
    assert html.endswith("Tea")


def test_a_model_of_the_shop_that_is_named_as_our_slot_does_not_take_its_place():
    casino = SimpleNamespace(_meta=SimpleNamespace(model_name="slot"))
    slot = replace(
        stand_in("Lucky", "", "", "", "", "", ""), product=casino, card_template="shop/card.html"
    )
    card = "{% load persona %}[{{ slot.title }}]{% persona_tools slot %}"

    with with_templates(shop__card=card):
        html = render("{% persona_card given %}", given=slot)

    assert "[Lucky]" in html and "More like this: Lucky" in html


def test_each_engine_of_a_page_has_cards_of_its_own(tea):
    text = "{% load persona %}{% persona_slots 'similar-items' product size=1 as slots %}"
    text += "{% for slot in slots %}{% persona_card slot %}{% endfor %}"
    request = RequestFactory().get("/")
    with with_templates(persona__card="<i>OVERRIDDEN</i>"):
        theirs = engines["django"].from_string(text)
    ours = engines["django"].from_string(text)

    first = ours.render({"product": tea}, request)
    request.__dict__.pop("_persona_page")
    second = theirs.render({"product": tea}, request)

    assert "persona-card" in first and "OVERRIDDEN" not in first
    assert "<i>OVERRIDDEN</i>" in second


@pytest.mark.parametrize("card", ["{% url 'no-such-view' %}", "{% include 'no/such.html' %}"])
def test_a_card_that_raises_is_replaced_by_ours_and_reported(tea, card):
    with with_templates(shop__card=card), mapped(Product, card_template="shop/card.html"):
        html = render(SIMILAR, product=tea)

    assert "persona-card" in html
    assert counters.counts()["card_template"] == 2


def test_a_card_that_does_not_exist_is_replaced_by_ours(tea):
    with mapped(Product, card_template="shop/nowhere.html"):
        assert "persona-card" in render(SIMILAR, product=tea)


def test_a_block_template_of_the_shop_that_raises_costs_the_block_only(tea):
    with with_templates(persona__block="{% url 'no-such-view' %}"):
        assert render("<p>" + SIMILAR + "</p>", product=tea) == "<p></p>"
    assert counters.counts()["block_template"] == 1


# -- what may not run (threats 34, 35, 47) --------------------------------------------------------

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</h3></article></li></ul></section><script>alert(1)</script>",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<svg/onload=alert(1)>",
    "--><script>alert(1)</script>",
    "\u202e<b>\ufeff",
    "x" * 190,
]


def described(text: str) -> str:
    """A block whose one product has this text in every field that a map can show."""
    brand = Brand.objects.create(name=text[:100])
    tea = product("Tea")
    evil = product(
        text, category=text, brand=brand, colour=text[:30], family=text[:50], picture=text
    )
    read_catalogue()
    publish_neighbours("similar", {tea: [(evil, 0.9, 40)]})
    forget()  # a process that begins; one that has served takes in what is new page by page
    shown = {"url": "picture", "images": "picture", "text": "name", "currency": "colour"}
    with mapped(Product, **shown):
        html = render('{% persona_block "similar-items" product size=1 %}', product=tea)
    assert "persona-slot" in html
    return html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_product_becomes_an_element_or_an_attribute(payload):
    page = Parsed(described(payload))

    expected = {"section", "h2", "ul", "li", "article", "img", "h3", "a", "p", "button"}
    assert {tag for tag, _ in page.elements} <= expected
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert len(page.all("li")) == len(page.all("article")) == len(page.all("section")) == 1
    for given in (*page.all("a"), *page.all("img")):
        address = given.get("href", given.get("src", ""))
        assert not address.lower().replace("\t", "").startswith(("javascript:", "data:"))


def test_a_harmless_and_a_harmful_title_make_the_same_page():
    harmless = Parsed(described("/harmless"))
    harmful = Parsed(described("/<script>alert(1)</script>"))

    assert harmful.shape() == harmless.shape()
    assert "<script>alert(1)</script>" in harmful.text


def test_a_page_works_under_a_policy_without_inline_script_or_style(tea):
    page = Parsed(render("{% persona_script %}" + SIMILAR, product=tea))

    assert not [script for script in page.all("script") if not script.get("src")]
    assert not page.all("style")
    assert not [given for _, given in page.elements if "style" in given]


def test_the_stylesheet_is_linked_once_and_is_there(tea):
    page = Parsed(render("{% persona_script %}"))

    (link,) = page.all("link")
    assert link == {"rel": "stylesheet", "href": "/static/persona/blocks.css"}
    assert finders.find("persona/blocks.css")


def test_a_shop_that_did_not_collect_its_static_files_still_renders():
    strict = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": strict}}
    with override_settings(STORAGES=storages):
        assert render("{% persona_script %}") == ""
    assert counters.counts()["no_static"] == 1


# -- for whoever builds the page ------------------------------------------------------------------


@override_settings(DEBUG=True)
def test_debug_says_in_the_block_s_place_why_it_is_empty(tea):
    html = render('{% persona_block "similar-itmes" product %}', product=tea)

    assert 'class="persona-debug"' in html
    assert "There is no block" in html
    assert "Did you mean &#x27;similar-items&#x27;?" in html


WITHOUT = '{% persona_block "similar-items" %}'


@override_settings(DEBUG=True)
def test_debug_says_beside_the_fallbacks_that_the_product_was_left_out(tea):
    html = render(WITHOUT)

    assert "This block starts from a product, and was given none" in html
    assert [one["class"] for one in Parsed(html).all("div")] == ["persona-debug"]
    assert Parsed(html).all("article"), "what a visitor sees is shown as well"


@override_settings(DEBUG=True)
@pytest.mark.parametrize("text", [SIMILAR, '{% persona_block "new-arrivals" %}'])
def test_debug_says_nothing_where_no_product_is_missing(tea, text):
    html = render(text, product=tea)

    assert Parsed(html).all("article")
    assert "persona-debug" not in html


def test_without_debug_a_block_without_its_product_is_only_its_fallbacks(tea):
    html = render(WITHOUT)

    assert Parsed(html).all("article")
    assert "persona-debug" not in html


@override_settings(DEBUG=True)
def test_debug_escapes_what_it_says(tea):
    html = render("{% persona_block name product %}", product=tea, name="<script>")

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_without_debug_the_page_stays_silent(tea):
    assert render('{% persona_block "similar-itmes" product %}', product=tea) == ""


@override_settings(DEBUG=True, PERSONA={"ENABLED": False})
def test_switched_off_all_tags_render_nothing(tea):
    everything = (
        SIMILAR + "{% persona_item product %}{% persona_script %}"
        '{% persona_slots "similar-items" product as slots %}{{ slots|length }}'
    )

    assert render(everything, product=tea) == "0"


@pytest.mark.parametrize("text", ["{% persona_item missing %}", "{% persona_item '' %}"])
def test_naming_nothing_as_the_page_s_item_is_harmless(text):
    assert render(text) == ""


def test_naming_something_that_is_no_product_is_reported():
    assert render("{% persona_item brand %}", brand=Brand.objects.create(name="Leaf")) == ""
    assert counters.counts()["not_registered"] == 1


def test_a_template_without_a_request_still_shows_the_block(tea):
    made = engines["django"].from_string("{% load persona %}" + SIMILAR)

    assert "persona-slot" in made.render({"product": tea})


def test_a_card_of_nothing_shows_nothing_and_the_log_says_what_to_check(caplog):
    assert render("{% persona_card slot %}{% persona_card 5 %}") == ""
    assert "variable in the template" in caplog.text


def test_a_list_or_a_queryset_is_as_good_as_its_products_one_by_one(tea):
    pot = Product.objects.get(name="Pot")
    one_by_one = render('{% persona_block "similar-items" tea pot %}', tea=tea, pot=pot)

    for both in ([tea, pot], Product.objects.exclude(name="Mug").order_by("pk")):
        assert render('{% persona_block "similar-items" both %}', both=both) == one_by_one
