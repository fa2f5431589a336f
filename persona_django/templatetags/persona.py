"""`{% load persona %}`: blocks in a shop's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html

from persona_django import conf, counters
from persona_django.blocks.values import Slate, Slot
from persona_django.serving.recommend import name_page_item, recommend

register = template.Library()

BLOCK_TEMPLATE = "persona/block.html"
CARD_TEMPLATE = "persona/card.html"
DEBUG_TEMPLATE = "persona/debug.html"
NOTHING = ""


@register.simple_tag(takes_context=True)
def persona_block(
    context: Context,
    slug: str,
    *seeds: Any,
    size: int | None = None,
    cart: Any = (),
    title: str = "",
) -> str:
    """{% persona_block "similar-items" product size=6 %}

    Seeds are products, one or several, or lists and querysets of them.
    Shows a block with our markup, which a shop changes by overriding `persona/block.html`. Shows
    nothing when there is nothing to show; under DEBUG it says why in the block's place.
    """
    slate = recommend(context.get("request"), slug, seeds=seeds, size=size, cart=cart)
    if not slate:
        return _why_empty(context, slate)
    try:
        with context.push(slate=slate, title=title or slate.title, block=slate.block):
            return _render(context, BLOCK_TEMPLATE)
    except Exception as error:  # noqa: BLE001 - a shop's own block template must not end its page
        counters.failed("block_template", f"{BLOCK_TEMPLATE} raised: {error}", error=error)
        return NOTHING


@register.simple_tag(takes_context=True)
def persona_slots(
    context: Context, slug: str, *seeds: Any, size: int | None = None, cart: Any = ()
) -> Slate:
    """{% persona_slots "similar-items" product as slots %}

    Only the answer, for markup of the shop's own: `{% for slot in slots %}` gives `slot.product`,
    `slot.title`, `slot.url`, `slot.reason.text` and, to be written into one tag, `slot.attrs`.
    """
    return recommend(context.get("request"), slug, seeds=seeds, size=size, cart=cart)


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
    name = slot.product._meta.model_name
    values = {"object": slot.product, "product": slot.product, name: slot.product, "slot": slot}
    with context.push(**values):
        if slot.card_template:
            try:
                return _render(context, slot.card_template)
            except Exception as error:  # noqa: BLE001 - a broken card must cost itself only
                counters.failed(
                    "card_template",
                    f"{slot.card_template}, the card_template of {slot.model}, raised "
                    f"{type(error).__name__}: {error}. Our own card is shown instead.",
                    error=error,
                )
        return _render(context, CARD_TEMPLATE)


@register.simple_tag(takes_context=True)
def persona_item(context: Context, product: Any) -> str:
    """{% persona_item product %}: says which product the page is about.

    Its view is counted where the visitor agreed, and no block of the page offers it again. Not
    needed where a block above all others has the product as its seed.
    """
    request = context.get("request")
    if request is not None and product not in (None, ""):
        name_page_item(request, product)
    return NOTHING


@register.simple_tag
def persona_script() -> str:
    """{% persona_script %}, once in the base template's head.

    Links the stylesheet of the blocks. The script that reports what was seen and clicked joins it
    here together with the endpoint that takes its reports; the template then stays as it is.
    """
    if not conf.current().enabled:
        return NOTHING
    try:
        return format_html('<link rel="stylesheet" href="{}">', static("persona/blocks.css"))
    except Exception as error:  # noqa: BLE001 - a missing stylesheet must not end the shop's page
        counters.failed(
            "no_static", "Run manage.py collectstatic: persona/blocks.css is missing.", error=error
        )
        return NOTHING


def _why_empty(context: Context, slate: Slate) -> str:
    if not settings.DEBUG or not slate.why_empty:
        return NOTHING
    with context.push(slate=slate):
        return _render(context, DEBUG_TEMPLATE)


def _render(context: Context, name: str) -> str:
    """Render a template inside this context, which stays as it was."""
    around: Any = context.template
    return str(around.engine.get_template(name).render(context))
