"""Connecting a channel, in a real browser."""

from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.tests import tagged

from ....models.channel.channel_task import ChannelTask
from ...common import PHONE_NUMBER_ID, SandboxCase, staff_user
from .test_connection_check import HandshakeServer


def work_off_at_once(tasks):
    """The scheduled action; a tour has no scheduler beside it."""
    if not tasks.env.context.get("works_off"):
        tasks.with_user(SUPERUSER_ID).with_context(works_off=True)._cron_work_off()


@tagged("post_install", "-at_install")
class TestConnectTour(SandboxCase):
    def test_number_is_connected_from_the_empty_list(self):
        for channel in self.env["whatsapp.clinic.channel"].search([]):
            channel.write({"active": False, "phone_number_id": f"x{channel.id}"})
        self.channel.account_id.sudo().write({"app_id": False, "app_secret": False})
        connect = "whatsapp.clinic.channel.connect"
        self.env["ir.default"].set(connect, "base_url", self.sandbox.url)
        administrator = staff_user(self, "administrator", tz="UTC")
        with (
            HandshakeServer() as address,
            patch.object(ChannelTask, "_wake", work_off_at_once),
        ):
            self.env["ir.config_parameter"].set_param("web.base.url", address)
            self.start_tour(
                "/odoo/action-whatsapp_clinic.channel_action",
                "whatsapp_clinic_connect_a_channel",
                login=administrator.login,
            )
        channel = self.env["whatsapp.clinic.channel"].search([])
        self.assertEqual(channel.phone_number_id, PHONE_NUMBER_ID)
        states = {line.key: line.state for line in channel.check_ids}
        self.assertEqual(states.pop("inbound"), "warn")
        self.assertEqual(set(states.values()), {"ok"})
