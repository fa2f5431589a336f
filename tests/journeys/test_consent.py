"""The consent banner: seen until answered, works without script, and can be taken back."""

from __future__ import annotations

from django.test import Client, TestCase

from persona_django.tracking.models import Event
from tests.journeys.shelves import put_on_sale

QUESTION = "May we remember what you look at?"


class BannerTests(TestCase):
    def answer(self, choice: str, then: str = "/"):
        return self.client.post("/consent/", {"choice": choice, "next": then})

    def test_it_is_asked_until_it_is_answered(self):
        before = self.client.get("/")
        self.answer("refused")
        after = self.client.get("/")

        self.assertContains(before, QUESTION)
        self.assertNotContains(after, QUESTION)

    def test_either_answer_is_kept_for_half_a_year_and_leads_back(self):
        for choice in ("accepted", "refused"):
            with self.subTest(choice):
                response = self.answer(choice, "/search/?q=mug")

                self.assertRedirects(response, "/search/?q=mug", fetch_redirect_response=False)
                cookie = response.cookies["shop_consent"]
                self.assertEqual(cookie.value, choice)
                self.assertEqual(cookie["max-age"], 180 * 24 * 3600)

    def test_the_answer_can_be_changed_later(self):
        self.answer("accepted")
        agreed = self.client.get("/privacy/")
        self.answer("refused", "/privacy/")
        refused = self.client.get("/privacy/")

        self.assertContains(agreed, "You <strong>agreed</strong>")
        self.assertContains(refused, "You <strong>refused</strong>")

    def test_it_leads_to_no_other_site_and_takes_no_other_answer(self):
        response = self.answer("whatever", "https:" + "//evil.example/")

        self.assertRedirects(response, "/", fetch_redirect_response=False)
        self.assertNotIn("shop_consent", response.cookies)

    def test_another_site_cannot_answer_for_the_visitor(self):
        outsider = Client(enforce_csrf_checks=True)

        response = outsider.post("/consent/", {"choice": "accepted"})

        self.assertEqual(response.status_code, 403)

    def test_a_browser_that_objects_is_told_that_this_counts(self):
        response = self.client.get("/privacy/", headers={"Sec-GPC": "1"})

        self.assertContains(response, "Your browser asks not to be tracked")

    def test_nobody_is_given_an_identity_without_a_yes(self):
        product = put_on_sale()
        for choice in (None, "refused"):
            with self.subTest(choice):
                if choice:
                    self.answer(choice)
                response = self.client.get(product.get_absolute_url())

                self.assertNotIn("persona", response.cookies)
                self.assertFalse(Event.objects.exists())


class RightsTests(TestCase):
    """What the privacy page offers, as plain forms that work without script."""

    def test_whoever_wants_to_be_left_alone_says_so_and_takes_it_back(self):
        before = self.client.get("/privacy/")
        paused = self.client.post("/persona/api/v1/me/pause/", {"next": "/privacy/"}, follow=True)
        resumed = self.client.post(
            "/persona/api/v1/me/resume/", {"next": "/privacy/"}, follow=True
        )

        self.assertContains(before, "Leave me alone")
        self.assertContains(paused, "You are <strong>left alone</strong>")
        self.assertContains(paused, "Remember me again")
        self.assertContains(resumed, "Leave me alone")

    def test_all_that_is_held_is_shown_and_deleted(self):
        shown = self.client.get("/persona/api/v1/me/")
        deleted = self.client.post("/persona/api/v1/me/erase/", {"next": "/privacy/"})

        self.assertEqual(shown.json()["paused"], False)
        self.assertRedirects(deleted, "/privacy/", status_code=303, fetch_redirect_response=False)
