"""Addresses of the shop, of persona_django's API, and of the admin."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from example_shop.views import account, buying, catalogue, pages


class SixHexDigits:
    """A colour in the address of a picture."""

    regex = "[0-9a-f]{6}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SixHexDigits, "colour")

urlpatterns = [
    path("", pages.home, name="home"),
    # Pages that name no icon of their own, as the admin's, make the browser ask here.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}shop/icon.svg")),
    path("about/", pages.about, name="about"),
    path("privacy/", pages.privacy, name="privacy"),
    path("consent/", pages.answer_consent, name="consent"),
    path("c/<path:slug>/", catalogue.category, name="category"),
    path("p/<int:pk>/<slug:slug>/", catalogue.product, name="product"),
    path(
        "picture/<slug:kind>-<colour:colour>-<int:seed>-<int:view>.svg",
        catalogue.picture,
        name="picture",
    ),
    path("search/", catalogue.search, name="search"),
    path("sale/", catalogue.sale, name="sale"),
    path("new/", catalogue.new, name="new"),
    path("cart/", buying.show_cart, name="cart"),
    path("cart/add/", buying.add_to_cart, name="cart-add"),
    path("cart/change/", buying.change_cart, name="cart-change"),
    path("checkout/", buying.checkout, name="checkout"),
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-in/<int:pk>/", account.sign_in_as, name="sign-in-as"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("register/", account.register, name="register"),
    path("account/", account.account, name="account"),
    path("orders/<int:pk>/", account.order, name="order"),
    path("refunds/<int:pk>/", account.ask_refund, name="refund"),
    path("persona/", include("persona_django.urls")),
    path("admin/", admin.site.urls),
]
