import inspect

from odoo.service.server import ThreadedServer
from odoo.tests import BaseCase, tagged

from ...server.replacing import Known, replace, text_hash
from ...server.scheduler import CRON_THREAD
from ...server.webhook_door import CALL
from ...tools.compat import Application

LOGGER = "odoo.addons.whatsapp_clinic.server.replacing"


class Server:
    def serve(self, request):
        return f"served {request}"


def loudly(function):
    def serve(self, request):
        return function(self, request).upper()

    return serve


@tagged("post_install", "-at_install")
class TestReplacing(BaseCase):
    """What of Odoo's server is changed is changed where it is known only."""

    def fresh(self):
        """A class of its own for each test."""
        return type("Server", (Server,), {"serve": Server.serve})

    def known(self, **changes):
        values = {
            "signature": "(self, request)",
            "hashes": frozenset({text_hash(Server.serve)}),
            "without": "nobody shouts.",
        }
        return Known(**{**values, **changes})

    def test_known_function_is_replaced_once(self):
        server = self.fresh()
        for _time in range(2):
            self.assertTrue(replace(server, "serve", self.known(), loudly))
        self.assertEqual(server().serve("a page"), "SERVED A PAGE")

    def test_unknown_function_stays_with_a_warning(self):
        other = {
            "another text": {"hashes": frozenset({"0" * 64})},
            "another signature": {"signature": "(self, request, more)"},
        }
        for what, changes in other.items():
            server = self.fresh()
            with self.subTest(what), self.assertLogs(LOGGER, "WARNING") as told:
                done = replace(server, "serve", self.known(**changes), loudly)
            self.assertFalse(done)
            self.assertEqual(server().serve("a page"), "served a page")
            self.assertIn("nobody shouts", told.output[0])

    def test_function_that_somebody_else_wrapped_is_not_known(self):
        server = self.fresh()
        server.serve = loudly(server.serve)
        with self.assertLogs(LOGGER, "WARNING"):
            self.assertFalse(replace(server, "serve", self.known(), loudly))

    def test_functions_of_this_odoo_are_known(self):
        for function, known in (
            (ThreadedServer.cron_thread, CRON_THREAD),
            (Application.__call__, CALL),
        ):
            with self.subTest(function.__qualname__):
                self.assertTrue(known.is_like(inspect.unwrap(function)))
