"""By which methods of HTTP our routes do something."""

import re

from odoo.tests import new_test_user, tagged

from ...controllers.metrics import TOKEN_HASH, TOKEN_PATH
from ...models.clinic.ir_http import OWN_ROUTES
from ...models.consent.consent_request import PAGE
from ..consent.page import PageCase


@tagged("post_install", "-at_install")
class TestHttpMethods(PageCase):
    """A route does something by the methods that it names, and by no other."""

    def routes(self) -> list[str]:
        """The path of each route of ours, with a key and a company that exist."""
        values = {
            "key": self.key,
            "company_id": self.company.id,
            "version": 1,
            "name": "whatsapp",
        }
        routes = self.env["ir.http"]._generate_routing_rules(
            ["whatsapp_clinic"], self.env["ir.http"]._get_converters()
        )
        return sorted(
            {
                re.sub(r"<[^>]*:(\w+)>", lambda part: str(values[part[1]]), path)
                for path, _endpoint in routes
                if path.startswith(OWN_ROUTES)
            }
        )

    def options(self, path, **values):
        answer = self.url_open(path, method="OPTIONS", allow_redirects=False, **values)
        self.env.invalidate_all()
        return answer

    def test_every_route_refuses_to_be_asked_for_its_options(self):
        paths = self.routes()
        self.assertIn(f"{PAGE}/{self.key}/withdraw", paths)
        self.assertIn(TOKEN_PATH, paths)
        new_test_user(
            self.env,
            "administrator-h",
            groups="base.group_user,whatsapp_clinic.group_administrator",
            password="administrator-h",
        )
        for login in (None, "administrator-h"):
            self.authenticate(login, login)
            for path in paths:
                answer = self.options(path)
                is_asked_to_log_in = answer.status_code in (303, 403) and not login
                with self.subTest(path=path, login=login):
                    self.assertTrue(answer.status_code == 405 or is_asked_to_log_in)

    def test_options_change_nothing(self):
        self.consent(self.patient)
        parameters = self.env["ir.config_parameter"].sudo()
        token = parameters.search([("key", "=", TOKEN_HASH)]).value
        for query in ("", "?purpose=all", f"?purpose={self.purpose.id}"):
            for path in self.routes():
                self.options(f"{path}{query}")
        self.assertEqual(self.decisions(), {self.purpose: "given"})
        self.assertEqual(parameters.search([("key", "=", TOKEN_HASH)]).value, token)

    def test_nothing_is_withdrawn_by_what_the_address_says(self):
        self.consent(self.patient)
        path = f"{PAGE}/{self.key}/withdraw?purpose=all"
        answer = self.url_open(path, data={"lang": "en_US"})
        self.env.invalidate_all()
        self.assertEqual(answer.status_code, 422)
        self.assertEqual(self.decisions(), {self.purpose: "given"})
