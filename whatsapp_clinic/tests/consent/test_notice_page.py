from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ...tools import clock
from ..common import WebCase

PAGE = "/whatsapp_clinic/notice"


@tagged("post_install", "-at_install")
class TestNoticePage(WebCase):
    """The privacy notice as everybody may read it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Notice Clinic"})
        cls.first = cls.notice("First words")
        cls.first.action_publish()
        cls.second = cls.notice("Second words")
        cls.second.action_publish()

    @classmethod
    def notice(cls, words, langs=("en_US", "tr_TR"), company=None, **values):
        return cls.env["whatsapp.clinic.privacy.notice"].create(
            {
                "company_id": (company or cls.company).id,
                "text_ids": [
                    Command.create(
                        {
                            "lang": lang,
                            "title": f"Title {lang}",
                            "body": f"<p>{words} {lang}</p>",
                        }
                    )
                    for lang in langs
                ],
                **values,
            }
        )

    def page(self, *path, query="", **headers):
        address = "/".join([PAGE, *map(str, path)]) + query
        return self.url_open(address, headers=headers)

    def test_company_shows_the_version_in_force(self):
        page = self.page(self.company.id)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Second words", page.text)
        self.assertIn(self.second.text_ids[0].sha256, page.text)
        self.assertNotIn("has been replaced", page.text)

    def test_day_of_validity_is_that_of_the_clinic(self):
        self.env["whatsapp.clinic.branch"].create(
            {
                "name": "Auckland",
                "company_id": self.company.id,
                "partner_id": self.company.partner_id.id,
                "country_id": self.env.ref("base.nz").id,
                "tz": "Pacific/Auckland",
            }
        )
        self.company.resource_calendar_id.tz = "America/New_York"
        third = self.notice("Third words")
        with patch.object(clock, "now", lambda: datetime(2027, 3, 14, 20)):
            third.action_publish()
        page = self.page(self.company.id, third.version, query="?lang=en_US")
        self.assertIn("03/15/2027", page.text)

    def test_earlier_version_stays_readable_and_says_that_it_was_replaced(self):
        page = self.page(self.company.id, 1)
        self.assertIn("First words", page.text)
        self.assertIn("has been replaced", page.text)
        self.assertIn(f'href="{PAGE}/{self.company.id}?lang=en_US"', page.text)

    def test_version_that_is_not_valid_yet_says_so(self):
        coming = self.notice("Third words", valid_from=clock.now() + timedelta(days=2))
        coming.action_publish()
        page = self.page(self.company.id, coming.version)
        self.assertIn("not in force yet", page.text)
        self.assertIn("Second words", self.page(self.company.id).text)

    def test_draft_and_unknown_are_not_found(self):
        draft = self.notice("Secret words")
        nobody = self.env["res.company"].create({"name": "No notice"})
        for path in (
            (self.company.id, draft.version),
            (self.company.id, 99),
            (nobody.id,),
            (2147483647,),
            (99999999999,),
            (self.company.id, 99999999999),
            (0,),
        ):
            with self.subTest(path):
                page = self.page(*path)
                self.assertEqual(page.status_code, 404)
                self.assertNotIn("words", page.text)

    def test_branch_company_shows_the_notice_of_its_parent(self):
        child = self.env["res.company"].create(
            {"name": "Child", "parent_id": self.company.id}
        )
        self.assertIn("Second words", self.page(child.id).text)

    def test_language_is_the_one_asked_for_else_the_browser_s_else_the_company_s(self):
        for query, browser, shown in (
            ("?lang=tr_TR", "en", "tr_TR"),
            ("?lang=en_GB", "tr", "en_US"),
            ("", "tr-TR,tr;q=0.9,en;q=0.8", "tr_TR"),
            ("", "de-DE,en;q=0.5", "en_US"),
            ("", "de", "en_US"),
            ("?lang=", "tr", "tr_TR"),
            ("?lang=xx_XX'%3Cscript%3E", "tr", "en_US"),
        ):
            with self.subTest(query=query, browser=browser):
                page = self.page(
                    self.company.id, query=query, **{"Accept-Language": browser}
                )
                self.assertIn(f"Second words {shown}", page.text)
                self.assertIn(f'lang="{shown.replace("_", "-")}"', page.text)
                self.assertNotIn("<script", page.text)

    def test_page_offers_each_of_its_languages(self):
        page = self.page(self.company.id, query="?lang=en_US")
        self.assertIn('href="?lang=tr_TR"', page.text)
        self.assertIn("Türkçe", page.text)
        self.assertNotIn('href="?lang=en_US"', page.text)

    def test_language_that_odoo_is_not_shown_in_can_be_read(self):
        notice = self.notice("Fourth words", langs=("am_ET",))
        notice.action_publish()
        page = self.page(self.company.id)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Fourth words am_ET", page.text)

    def test_nothing_is_loaded_from_elsewhere(self):
        policy = self.page(self.company.id).headers["Content-Security-Policy"]
        self.assertIn("default-src 'self'", policy)
        self.assertIn("img-src 'self' data:;", policy)

    def test_page_sets_no_cookie_and_may_be_cached(self):
        page = self.page(self.company.id)
        self.assertNotIn("Set-Cookie", page.headers)
        self.assertIn("max-age=300", page.headers["Cache-Control"])
        self.assertIn("public", page.headers["Cache-Control"])
        self.assertIn("Accept-Language", page.headers["Vary"])
        again = self.page(self.company.id, **{"If-None-Match": page.headers["ETag"]})
        self.assertEqual(again.status_code, 304)
        self.assertFalse(again.content)

    def test_page_needs_nothing_else_fits_a_phone_and_prints(self):
        page = self.page(self.company.id).text
        self.assertTrue(page.lstrip().startswith("<!DOCTYPE html>"))
        self.assertIn('name="viewport"', page)
        self.assertIn("@media print", page)
        self.assertIn("window.print()", page)
        for resource in ("<script", "<link", "src="):
            self.assertNotIn(resource, page)

    def test_page_shows_nothing_that_could_run(self):
        notice = self.notice("x")
        notice.text_ids[0].body = "<p>Fifth<script>alert(1)</script></p>"
        notice.action_publish()
        page = self.page(self.company.id, query="?lang=en_US").text
        self.assertIn("Fifth", page)
        self.assertNotIn("alert(1)", page)

    def test_button_opens_the_page_of_the_version(self):
        address = self.second.action_open_page()["url"]
        self.assertTrue(address.endswith(f"{PAGE}/{self.company.id}/2"))
