"""Lists of products, one product, and its pictures."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from example_shop import browsing
from example_shop.browsing import Filters
from example_shop.categories import tree
from example_shop.models import Product
from example_shop.pictures import drawing
from example_shop.variants import choices

A_PAGE = 24
PICTURE_SECONDS = 365 * 24 * 3600


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    node = tree().by_slug.get(slug)
    if node is None:
        raise Http404("There is no such category.")
    products = browsing.on_offer().filter(category__in=node.ids())
    page = {"title": node.name, "category": node, "trail": node.trail[:-1]}
    return _listing(request, products, Filters.asked(request.GET), page)


@require_safe
def sale(request: HttpRequest) -> HttpResponse:
    products = browsing.discounted(browsing.on_offer())
    page = {"title": "Sale", "lead": "Marked down while they last."}
    return _listing(request, products, Filters.asked(request.GET), page)


@require_safe
def new(request: HttpRequest) -> HttpResponse:
    page = {"title": "New in", "lead": "The latest arrivals from every department."}
    filters = Filters.asked(request.GET, sort="newest")
    return _listing(request, browsing.on_offer(), filters, page)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    words = " ".join(request.GET.get("q", "").split())[:100]
    hits = browsing.found(words)
    filters = Filters.asked(request.GET, sort="relevance")
    page = {"title": f"“{words}”" if words else "Search", "words": words, "is_search": True}
    return _listing(request, browsing.on_offer().filter(pk__in=hits), filters, page, hits)


def _listing(
    request: HttpRequest,
    products: QuerySet[Product],
    filters: Filters,
    page: dict[str, Any],
    hits: list[int] | None = None,
) -> HttpResponse:
    """One page of a list with the boxes that narrow it."""
    listed: Any = browsing.narrowed(products, filters)
    if filters.sort == "relevance":
        allowed = set(listed.order_by().values_list("id", flat=True))
        listed = [key for key in hits or () if key in allowed]
    shown = Paginator(listed, A_PAGE).get_page(request.GET.get("page"))
    if filters.sort == "relevance":
        by_key = browsing.on_offer().select_related("category", "brand").in_bulk(list(shown))
        shown.object_list = [by_key[key] for key in shown if key in by_key]
    shown.object_list = browsing.add_swatches(list(shown.object_list))
    context = {
        **page,
        "page": shown,
        "page_numbers": shown.paginator.get_elided_page_range(shown.number, on_each_side=1),
        "filters": filters,
        "facets": browsing.facets(products, remember_as="" if hits is not None else request.path),
        "sorts": [(key, label) for key, (label, _) in browsing.SORTS.items()],
    }
    return render(request, "shop/listing.html", context)


@require_safe
def product(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    found = (
        Product.objects.select_related("category", "brand").filter(pk=pk, is_active=True).first()
    )
    if found is None:
        raise Http404("There is no such product.")
    if request.path != found.get_absolute_url():
        return redirect(found, permanent=True)
    node = tree().by_id.get(found.category_id)
    context = {
        "product": found,
        "gallery": list(enumerate(found.gallery, 1)),
        "trail": node.trail if node else [],
        "variants": choices(found),
    }
    return render(request, "shop/product.html", context)


@require_safe
def picture(request: HttpRequest, kind: str, colour: str, seed: int, view: int) -> HttpResponse:
    """A drawing. Its address says all about it, so it asks no database and never changes."""
    if view >= drawing.VIEWS or seed >= drawing.SEEDS:
        raise Http404("There is no such picture.")
    try:
        drawn = drawing.draw(kind, colour, seed, view)
    except KeyError as error:
        raise Http404("There is no such picture.") from error
    response = HttpResponse(drawn, content_type="image/svg+xml")
    response["Cache-Control"] = f"public, max-age={PICTURE_SECONDS}, immutable"
    return response
