"""Walking through the shop: home, categories, filters, search, a product and its variants."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.test import TestCase
from django.utils import timezone

from example_shop.families import arrange
from example_shop.models import Category, Product
from tests.journeys.shelves import OwnQueries, put_on_sale


def names(response) -> list[str]:
    """The products a list shows, in its order."""
    return [product.name for product in response.context["page"].object_list]


class HomeTests(TestCase):
    def test_an_empty_shop_says_how_to_fill_it(self):
        response = self.client.get("/")

        self.assertContains(response, "python manage.py demo")

    def test_home_shows_departments_bestsellers_new_things_and_the_sale(self):
        long_ago = timezone.now() - timedelta(days=300)
        for number in range(14):
            put_on_sale(f"Seller {number}", sold=20 - number, created=long_ago)
        put_on_sale("Fresh lamp", "Home > Light > Lamps")
        put_on_sale("Cheap pan", "Home > Kitchen > Pans", list_price=Decimal("20.00"))

        showcase = self.client.get("/").context["showcase"]

        put_forward = {product.name for product in [*showcase.hero, *showcase.popular]}
        self.assertLessEqual({f"Seller {number}" for number in range(8)}, put_forward)
        self.assertIn("Fresh lamp", [product.name for product in showcase.new])
        self.assertEqual([product.name for product in showcase.reduced], ["Cheap pan"])
        self.assertEqual([tile.department.name for tile in showcase.tiles], ["Kitchen", "Light"])

    def test_a_shop_with_one_department_shows_what_lies_in_it(self):
        put_on_sale("Oslo mug", "Gifts > Mugs")
        put_on_sale("Desk lamp", "Gifts > Lamps")

        response = self.client.get("/")

        self.assertEqual(
            [node.name for node in response.context["departments"]], ["Lamps", "Mugs"]
        )

    def test_one_department_does_not_take_the_whole_page(self):
        for number in range(10):
            put_on_sale(f"Mug {number}", sold=100)
        put_on_sale("Trail boots", "Outdoor > Boots", sold=1)

        showcase = self.client.get("/").context["showcase"]

        self.assertIn("Trail boots", [product.name for product in showcase.hero])

    def test_home_shows_no_product_in_two_rows(self):
        for number in range(40):
            put_on_sale(f"Mug {number}", sold=100 - number, list_price=Decimal("20.00"))

        showcase = self.client.get("/").context["showcase"]

        rows = [showcase.hero, showcase.popular, showcase.reduced, showcase.new]
        shown = [product.pk for row in rows for product in row]
        self.assertEqual([len(row) for row in rows], [4, 8, 4, 8])
        self.assertEqual(len(shown), len(set(shown)))

    def test_home_asks_the_database_a_bounded_number_of_times(self):
        for number in range(30):
            put_on_sale(f"Mug {number}", family=f"m{number}", colour="Moss")
        self.client.get("/")

        with OwnQueries() as queries:
            self.client.get("/")

        self.assertLessEqual(queries.count, 4)


class ListTests(TestCase):
    def test_a_department_shows_what_lies_in_all_its_categories(self):
        put_on_sale("Oslo mug", "Home > Kitchen > Mugs")
        put_on_sale("Desk lamp", "Home > Light > Lamps")
        put_on_sale("Trail boots", "Outdoor > Boots")

        response = self.client.get("/c/home/")

        self.assertEqual(set(names(response)), {"Oslo mug", "Desk lamp"})
        self.assertContains(response, 'href="/c/home/kitchen/"')

    def test_filters_narrow_by_brand_price_sale_and_stock(self):
        put_on_sale("Cheap", price=Decimal(5), brand="Halden")
        put_on_sale("Middle", price=Decimal(15), brand="Oda", list_price=Decimal(20))
        put_on_sale("Dear", price=Decimal(50), brand="Oda", stock=0)
        oda = Product.objects.get(name="Middle").brand_id

        for query, expected in [
            (f"brand={oda}", {"Middle", "Dear"}),
            ("from=10&to=20", {"Middle"}),
            ("from=10,50", {"Middle", "Dear"}),
            ("sale=1", {"Middle"}),
            ("stock=1", {"Cheap", "Middle"}),
            (f"brand={oda}&stock=1&from=abc&colour=", {"Middle"}),
        ]:
            with self.subTest(query):
                if "colour=" in query:
                    query = query.replace("&colour=", "")
                self.assertEqual(set(names(self.client.get(f"/c/home/?{query}"))), expected)

    def test_a_list_is_sorted_as_asked(self):
        today = timezone.now()
        put_on_sale("A", price=Decimal(9), sold=1, created=today)
        put_on_sale("B", price=Decimal(3), sold=9, created=today - timedelta(days=9))
        put_on_sale("C", price=Decimal(6), sold=5, created=today - timedelta(days=5))

        for sort, expected in [
            ("popular", "BCA"),
            ("newest", "ACB"),
            ("cheapest", "BCA"),
            ("dearest", "ACB"),
            ("no such order", "BCA"),
        ]:
            with self.subTest(sort):
                response = self.client.get("/c/home/", {"sort": sort})
                self.assertEqual("".join(names(response)), expected)

    def test_a_long_list_has_pages_that_keep_the_filters(self):
        for number in range(30):
            put_on_sale(f"Mug {number}", list_price=Decimal(99))

        first = self.client.get("/c/home/?sale=1")
        second = self.client.get("/c/home/?sale=1&page=2")

        self.assertEqual(len(names(first)), 24)
        self.assertEqual(len(names(second)), 6)
        self.assertFalse(set(names(first)) & set(names(second)))
        self.assertContains(first, "?sale=1&amp;page=2")

    def test_a_family_is_listed_once_and_by_its_colour_when_that_is_asked_for(self):
        for colour in ("Moss", "Rust"):
            for size in ("S", "M"):
                put_on_sale("Wool tee", family="tee", colour=colour, size=size)
        arrange()

        everything = self.client.get("/c/home/")
        rust = self.client.get("/c/home/?colour=Rust")

        self.assertEqual(names(everything), ["Wool tee"])
        self.assertEqual([p.colour for p in rust.context["page"].object_list], ["Rust"])
        self.assertEqual(len(everything.context["page"].object_list[0].swatches), 2)

    def test_sale_and_new_in_are_lists_of_their_own(self):
        put_on_sale("Reduced", list_price=Decimal(99))
        put_on_sale("Full price")

        self.assertEqual(names(self.client.get("/sale/")), ["Reduced"])
        self.assertEqual(names(self.client.get("/new/")), ["Full price", "Reduced"])

    def test_a_list_asks_as_often_for_many_products_as_for_few(self):
        for number in range(24):
            put_on_sale(f"Mug {number}", family=f"m{number}", colour="Moss", brand=f"B{number}")
        self.client.get("/c/home/")

        with OwnQueries() as queries:
            self.client.get("/c/home/")

        self.assertLessEqual(queries.count, 6)

    def test_an_unknown_category_is_not_found(self):
        self.assertEqual(self.client.get("/c/nowhere/").status_code, 404)

    def test_a_renamed_category_takes_along_what_lies_in_it(self):
        put_on_sale("Oslo mug", "Home > Kitchen > Mugs")
        self.client.get("/")
        category = Category.objects.get(path="Home")
        category.name = "House"
        category.save()

        self.assertContains(self.client.get("/"), 'href="/c/house/kitchen/"')
        self.assertEqual(names(self.client.get("/c/house/kitchen/mugs/")), ["Oslo mug"])


class SearchTests(TestCase):
    def test_all_words_must_occur_somewhere_and_the_name_counts_most(self):
        put_on_sale("Espresso cup", "Home > Coffee")
        put_on_sale("Coffee grinder", "Home > Kitchen")
        put_on_sale("Ground coffee", "Grocery > Breakfast", brand="Casa")
        put_on_sale("Trail boots", "Outdoor > Boots")

        one = names(self.client.get("/search/?q=coffee"))
        two = names(self.client.get("/search/?q=casa+COFFEE"))

        self.assertEqual(one, ["Coffee grinder", "Ground coffee", "Espresso cup"])
        self.assertEqual(two, ["Ground coffee"])

    def test_the_better_seller_comes_first_among_equals(self):
        put_on_sale("Blue mug", sold=1)
        put_on_sale("Green mug", sold=7)

        self.assertEqual(names(self.client.get("/search/?q=mug")), ["Green mug", "Blue mug"])

    def test_hits_can_be_filtered_sorted_and_found_by_item_number(self):
        cheap = put_on_sale("Blue mug", price=Decimal(4))
        put_on_sale("Green mug", price=Decimal(9))

        self.assertEqual(names(self.client.get("/search/?q=mug&to=5")), ["Blue mug"])
        self.assertEqual(
            names(self.client.get("/search/?q=mug&sort=dearest")), ["Green mug", "Blue mug"]
        )
        self.assertEqual(names(self.client.get(f"/search/?q={cheap.sku.lower()}")), ["Blue mug"])

    def test_a_search_without_result_offers_the_departments(self):
        put_on_sale()

        response = self.client.get("/search/?q=zeppelin")

        self.assertContains(response, "We have nothing like that")
        self.assertContains(response, 'class="chip" href="/c/home/kitchen/"')

    def test_an_empty_search_asks_for_words(self):
        self.assertContains(self.client.get("/search/"), "What are you looking for?")

    def test_markup_in_the_words_is_shown_as_text(self):
        response = self.client.get("/search/", {"q": "<script>alert(1)</script>"})

        self.assertNotContains(response, "<script>alert")
        self.assertContains(response, "&lt;script&gt;alert(1)")


class ProductTests(TestCase):
    def test_a_product_page_shows_price_before_and_now_pictures_and_a_button(self):
        product = put_on_sale(price=Decimal("8.00"), list_price=Decimal("10.00"))

        response = self.client.get(product.get_absolute_url())

        self.assertContains(response, "<ins>€8.00</ins>", html=True)
        self.assertContains(response, "<del>€10.00</del>", html=True)
        self.assertContains(response, "−20%")
        self.assertContains(response, "Add to cart")
        for address in product.gallery:
            self.assertContains(response, address)

    def test_a_sold_out_product_says_so_and_cannot_be_bought(self):
        product = put_on_sale(stock=0)

        response = self.client.get(product.get_absolute_url())

        self.assertContains(response, "Sold out at the moment")
        self.assertNotContains(response, "Add to cart")

    def test_colours_keep_the_size_and_sizes_stay_in_the_colour(self):
        variants = {
            (colour, size): put_on_sale("Wool tee", family="tee", colour=colour, size=size)
            for colour in ("Moss", "Rust")
            for size in ("S", "M")
        }

        offered = self.client.get(variants["Moss", "M"].get_absolute_url()).context["variants"]

        self.assertEqual(
            [choice.url for choice in offered.colours],
            [variants[colour, "M"].get_absolute_url() for colour in ("Moss", "Rust")],
        )
        self.assertEqual(
            [(choice.label, choice.is_chosen) for choice in offered.sizes],
            [("S", False), ("M", True)],
        )
        self.assertEqual(offered.sizes[0].url, variants["Moss", "S"].get_absolute_url())

    def test_an_old_address_leads_to_the_present_one(self):
        product = put_on_sale("Oslo mug")

        response = self.client.get(f"/p/{product.pk}/some-old-name/")

        self.assertRedirects(response, product.get_absolute_url(), status_code=301)

    def test_a_hidden_product_is_not_found(self):
        product = put_on_sale(is_active=False)

        self.assertEqual(self.client.get(product.get_absolute_url()).status_code, 404)

    def test_a_product_page_of_a_large_family_takes_few_queries(self):
        for number in range(20):
            product = put_on_sale("Wool tee", family="tee", colour="Moss", size=str(number))
        self.client.get("/")

        with OwnQueries() as queries:
            self.client.get(product.get_absolute_url())

        self.assertLessEqual(queries.count, 3)
