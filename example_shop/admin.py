"""The shop's own tables in Django's admin."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from example_shop import refunds
from example_shop.models import (
    Brand,
    Category,
    Company,
    Customer,
    Order,
    OrderLine,
    Product,
    Refund,
)


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ("path", "position")
    search_fields = ("path",)
    autocomplete_fields = ("parent",)


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    search_fields = ("name",)


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "variant_name",
        "category",
        "brand",
        "price",
        "list_price",
        "stock",
        "is_active",
    )
    list_editable = ("price", "stock", "is_active")
    list_filter = ("is_active", "season", ("category", admin.RelatedOnlyFieldListFilter))
    list_per_page = 50
    list_select_related = ("category", "brand")
    search_fields = ("name", "sku")
    autocomplete_fields = ("category", "brand")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("sold",)
    show_full_result_count = False


class CustomerInline(admin.TabularInline):
    model = Customer
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin):
    search_fields = ("name",)
    inlines = (CustomerInline,)


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ("user", "company", "demo_note")
    list_select_related = ("user", "company")
    search_fields = ("user__username", "company__name")
    autocomplete_fields = ("user", "company")


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    autocomplete_fields = ("product",)
    extra = 0


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ("id", "created", "user", "email", "company", "total", "paid")
    list_filter = ("paid",)
    list_select_related = ("user", "company")
    search_fields = ("=id", "email", "user__username")
    date_hierarchy = "created"
    autocomplete_fields = ("user", "company")
    inlines = (OrderLineInline,)
    show_full_result_count = False


@admin.register(Refund)
class RefundAdmin(admin.ModelAdmin):
    """Where staff grant what customers asked for."""

    list_display = ("asked_at", "line", "quantity", "reason", "granted_at")
    list_filter = (("granted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("line__product",)
    readonly_fields = ("line", "quantity", "reason", "asked_at", "granted_at")
    actions = ("grant",)

    @admin.action(description="Grant the selected refunds")
    def grant(self, request: HttpRequest, queryset: QuerySet[Refund]) -> None:
        granted = sum(refunds.grant(refund) for refund in queryset.select_related("line"))
        messages.success(request, f"{granted} refunds granted.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
