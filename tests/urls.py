"""Pages of the test shop, the API and the admin."""

from django.contrib import admin
from django.urls import include, path

from tests.shop import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("persona/", include("persona_django.urls")),
    path("product/<int:pk>/", views.product, name="product"),
    path("gift/<uuid:pk>/", views.gift, name="gift"),
    path("plain/", views.plain, name="plain"),
]
