"""Signing in and up, the account with its orders, and giving things back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from example_shop import refunds
from example_shop.forms import RefundForm, RegisterForm, SignInForm
from example_shop.models import Customer, Order, OrderLine
from example_shop.views.buying import PLACED_HERE

A_PAGE = 10
DEMO_SHOPPERS = 12
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    """By password, or in the demonstration as one of its shoppers with one click."""

    template_name = "shop/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shoppers = Customer.objects.exclude(demo_note="").select_related("user", "company")
        offered = list(shoppers.order_by("id")[:DEMO_SHOPPERS]) if settings.SHOP_DEMO else []
        return super().get_context_data(demo_shoppers=offered, **kwargs)


@require_POST
def sign_in_as(request: HttpRequest, pk: int) -> HttpResponse:
    """Become a shopper of the demonstration. Only those with a demo note, and never staff."""
    if not settings.SHOP_DEMO:
        raise Http404("This is not a demonstration.")
    shoppers = Customer.objects.exclude(demo_note="").filter(user__is_staff=False)
    customer = get_object_or_404(shoppers.select_related("user"), pk=pk)
    login(request, customer.user, backend=BACKEND)
    return redirect("account")


def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("account")
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        Customer.objects.create(user=user)
        login(request, user, backend=BACKEND)
        messages.success(request, "Welcome! Your account is ready.")
        return redirect("account")
    return render(request, "shop/register.html", {"form": form})


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Own orders, those of the company's other users beneath a heading of their own."""
    customer = Customer.objects.select_related("company").filter(user=request.user).first()
    company = customer.company if customer else None
    orders = visible_orders(request).annotate(pieces=Count("lines")).select_related("user")
    orders = orders.order_by("-created", "-id")  # grouping drops the model's own order
    context = {
        "company": company,
        "colleagues": company.customers.select_related("user") if company else [],
        "orders": Paginator(orders, A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "shop/account.html", context)


@require_safe
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """One order, for whoever placed it and for the company it was placed for."""
    found = get_object_or_404(visible_orders(request).select_related("user", "company"), pk=pk)
    lines = found.lines.select_related("product__category", "product__brand")
    waiting = Count("refunds", filter=Q(refunds__granted_at=None))
    lines = list(lines.annotate(waiting=waiting).order_by("id"))
    context = {
        "order": found,
        "lines": lines,
        "products": [line.product for line in lines],
        "may_refund": may_refund(request, found),
        "refund_at_once": settings.SHOP_REFUND_AT_ONCE,
    }
    return render(request, "shop/order.html", context)


@require_POST
def ask_refund(request: HttpRequest, pk: int) -> HttpResponse:
    """Give pieces of one line back. Only who placed the order may."""
    line = get_object_or_404(OrderLine.objects.select_related("order", "product"), pk=pk)
    if not may_refund(request, line.order):
        raise Http404("There is no such order.")
    form = RefundForm(request.POST)
    try:
        if not form.is_valid():
            raise refunds.NothingLeftError("Say how many pieces you give back.")
        asked = refunds.ask(line, form.cleaned_data["quantity"], form.cleaned_data["reason"])
    except refunds.NothingLeftError as error:
        messages.error(request, str(error))
    else:
        done = "is refunded" if asked.granted_at else "will be refunded once we have looked at it"
        messages.success(request, f"{asked.quantity} × {line.product.name} {done}.")
    return redirect(line.order)


def visible_orders(request: HttpRequest) -> QuerySet[Order]:
    """Orders this visitor may see: their own, their company's, those placed in this session."""
    allowed = Q(pk__in=request.session.get(PLACED_HERE, []), user=None)
    if request.user.is_authenticated:
        companies = Customer.objects.filter(user=request.user).exclude(company=None)
        allowed |= Q(user=request.user) | Q(company__in=companies.values("company"))
    return Order.objects.filter(allowed)


def may_refund(request: HttpRequest, order: Order) -> bool:
    """Whether this visitor placed the order."""
    if order.user_id is not None:
        return order.user_id == request.user.pk
    return order.pk in request.session.get(PLACED_HERE, [])
