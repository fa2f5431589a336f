"""`{% load persona %}`: blocks in a shop's templates."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import get_language

from persona_django import conf, counters
from persona_django.blocks.registry import block_named
from persona_django.blocks.stencils import Texts, filled, stencil_of, texts_of
from persona_django.blocks.values import Slate, Slot
from persona_django.identity import consent
from persona_django.serving.recommend import name_page_item, recommend
from persona_django.tracking import script
from persona_django.tracking.ingest import django_request

register = template.Library()

BLOCK_TEMPLATE = "persona/block.html"
CARD_TEMPLATE = "persona/card.html"
DEBUG_TEMPLATE = "persona/debug.html"
TOOLS_TEMPLATE = "persona/tools.html"
NOTHING = ""
_OURS = Path(__file__).parents[1] / "templates"


@register.simple_tag(takes_context=True)
def persona_block(
    context: Context,
    slug: str,
    *seeds: Any,
    size: int | None = None,
    cart: Any = (),
    category: Any = None,
    title: str = "",
) -> str:
    """{% persona_block "similar-items" product size=6 %}

    Seeds are products, one or several, or lists and querysets of them. With `category`, a path
    such as "Shoes > Trail" or the shop's own category object, only what is in it or below it.
    Shows a block with our markup, which a shop changes by overriding `persona/block.html`. Shows
    nothing when there is nothing to show; under DEBUG it says why in the block's place, and where
    only fallbacks are shown because the product was left out.
    """
    slate = recommend(
        context.get("request"), slug, seeds=seeds, size=size, cart=cart, category=category
    )
    if not slate:
        return _why_empty(context, slate)
    about = _newly_named(context)
    try:
        with context.push(slate=slate, title=title or slate.title, block=slate.block, about=about):
            shown = _render(context, BLOCK_TEMPLATE)
        return format_html("{}{}", _lacks_product(context, slate, bool(seeds)), shown)
    except Exception as error:  # noqa: BLE001 - a shop's own block template must not end its page
        counters.failed("block_template", f"{BLOCK_TEMPLATE} raised: {error}", error=error)
        return NOTHING


@register.simple_tag(takes_context=True)
def persona_slots(
    context: Context,
    slug: str,
    *seeds: Any,
    size: int | None = None,
    cart: Any = (),
    category: Any = None,
) -> Slate:
    """{% persona_slots "similar-items" product as slots %}

    Only the answer, for markup of the shop's own: `{% for slot in slots %}` gives `slot.product`,
    `slot.title`, `slot.url`, `slot.reason.text` and, to be written into one tag, `slot.attrs`.
    """
    return recommend(
        context.get("request"), slug, seeds=seeds, size=size, cart=cart, category=category
    )


@register.simple_tag(takes_context=True)
def persona_card(context: Context, slot: Slot) -> str:
    """{% persona_card slot %}: the shop's own card of a slot's product, or ours.

    The card finds the product as `object`, `product` and by its model's name, and the slot as
    `slot`. One that raises is replaced by ours and reported.
    """
    if not isinstance(slot, Slot):
        counters.failed(
            "no_slot",
            "persona_card was given no slot. Check the name of the variable in the template.",
        )
        return NOTHING
    if slot.card_template:
        try:
            return _rendered(context, _template(context, slot.card_template), slot)
        except Exception as error:  # noqa: BLE001 - a broken card must cost itself only
            counters.failed(
                "card_template",
                f"{slot.card_template}, the card_template of {slot.model}, raised "
                f"{type(error).__name__}: {error}. Our own card is shown instead.",
                error=error,
            )
    return _from_stencil(context, slot, texts_of(slot), CARD_TEMPLATE, TOOLS_TEMPLATE)


@register.simple_tag(takes_context=True)
def persona_tools(context: Context, slot: Slot) -> str:
    """{% persona_tools slot %}: "More like this" and "Not for me", for a card of the shop's own.

    A `persona/tools.html` of the shop's own may show anything of its `slot`, and is rendered for
    each.
    """
    if not isinstance(slot, Slot):
        return NOTHING
    title_only = (slot.title, *[""] * (len(texts_of(slot)) - 1))
    return _from_stencil(context, slot, title_only, TOOLS_TEMPLATE)


@register.simple_tag(takes_context=True)
def persona_item(context: Context, product: Any) -> str:
    """{% persona_item product %}: says which product the page is about.

    Its view is counted where the visitor agreed, and no block of the page offers it again. Not
    needed where a block above all others has the product as its seed. It leaves the product's
    name in the page, unseen, for the script.
    """
    request = context.get("request")
    if request is None or product in (None, ""):
        return NOTHING
    name_page_item(request, product)
    about = _newly_named(context)
    return (
        format_html('<template data-persona-about="{}"></template>', about) if about else NOTHING
    )


@register.simple_tag(takes_context=True)
def persona_script(context: Context, nonce: Any = "") -> str:
    """{% persona_script %}, once in the base template's head.

    Links the stylesheet of the blocks and, where a consent policy is chosen and our addresses are
    included, the script that reports what was seen and clicked. It asks for the visitor's consent
    itself, so that it may stand in cached pages. `nonce=csp_nonce` is passed on to its tag.
    """
    if not conf.current().enabled:
        return NOTHING
    try:
        sheet = format_html('<link rel="stylesheet" href="{}">', static("persona/blocks.css"))
        return format_html("{}{}", sheet, _script(context, nonce))
    except Exception as error:  # noqa: BLE001 - a missing file must not end the shop's page
        counters.failed(
            "no_static",
            "Run manage.py collectstatic: persona/blocks.css or persona.min.js is missing.",
            error=error,
        )
        return NOTHING


def _script(context: Context, nonce: Any) -> str:
    """The script's tag; nothing where nobody may be watched, or while reports have no address."""
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        request = None
    try:
        told = script.attributes(request, context.get("object"))
    except Exception as error:  # noqa: BLE001 - a broken policy refuses, and breaks no page
        counters.failed("consent_policy", consent.ADVICE, error=error)
        return NOTHING
    if not told:
        return NOTHING
    if nonce:
        told["nonce"] = str(nonce)
    address = static("persona/persona.min.js")
    return format_html('<script type="module" src="{}"{}></script>', address, flatatt(told))


def _newly_named(context: Context) -> str:
    """The item this page is about, the first time that its markup can say so; then empty."""
    request = context.get("request")
    if request is None:
        return NOTHING
    kept = django_request(request).__dict__
    about = script.about(request)
    if kept.get("_persona_about") == about:
        return NOTHING
    kept["_persona_about"] = about
    return about


def _lacks_product(context: Context, slate: Slate, has_seeds: bool) -> str:
    """Under DEBUG, what a template forgot: the fallbacks alone would look as if nothing goes with
    anything."""
    if not settings.DEBUG or has_seeds or not block_named(slate.block).is_about_a_seed:
        return NOTHING
    advice = (
        "This block starts from a product, and was given none, so it shows its fallbacks. "
        f'Write: {{% persona_block "{slate.block}" product %}}'
    )
    with context.push(slate=Slate(block=slate.block, why_empty=advice)):
        return _render(context, DEBUG_TEMPLATE)


def _why_empty(context: Context, slate: Slate) -> str:
    if not settings.DEBUG or not slate.why_empty:
        return NOTHING
    with context.push(slate=slate):
        return _render(context, DEBUG_TEMPLATE)


def _render(context: Context, name: str) -> str:
    """Render a template inside this context, which stays as it was."""
    return str(_template(context, name).render(context))


def _from_stencil(context: Context, slot: Slot, texts: Texts, name: str, *inside: str) -> str:
    """A template of ours with these texts of a slot, looked up once a page for each shape of them.

    Where the shop has overridden it, or one of those `inside` it, it may show anything of its slot
    and of the page, and is rendered for each slot.
    """
    request = context.get("request")
    kept: dict[tuple[Any, ...], str] = {}
    if request is not None:
        kept = django_request(request).__dict__.setdefault("_persona_stencils", kept)
    # A page may be put together by several engines, each with templates of its own.
    shape = (id(_engine(context)), name, get_language(), *map(bool, texts))
    stencil = kept.get(shape)
    if stencil is None:
        template = _template(context, name)
        if not all(_is_ours(_template(context, one)) for one in (name, *inside)):
            return _rendered(context, template, slot)
        stencil = kept[shape] = stencil_of(template, texts, partial(_rendered, context, template))
    return filled(stencil, texts)


def _rendered(context: Context, template: Any, slot: Slot) -> str:
    """A card, or a part of one, that knows the slot, its product and the page around it."""
    product = slot.product
    values = {"object": product, "product": product}
    if product is not None:
        values[product._meta.model_name] = product
    # Last: a shop's model may be named like it.
    values["slot"] = slot
    if template.name == TOOLS_TEMPLATE:
        values["title"] = slot.title
    with context.push(**values):
        return str(template.render(context))


def _is_ours(template: Any) -> bool:
    return template.origin.name == str(_OURS / template.name)


def _template(context: Context, name: str) -> Any:
    """A template as the engine of this context finds it."""
    return _engine(context).get_template(name)


def _engine(context: Context) -> Any:
    around: Any = context.template
    return around.engine
