"""An alarm, from the banner to its cure, in a real browser."""

from unittest.mock import patch

from odoo.tests import tagged

from ...models.channel.channel_task import ChannelTask
from ...tools import clock
from ..common import BUSINESS_ACCOUNT, staff_user
from ..whatsapp.number.test_connect_tour import work_off_at_once
from ..whatsapp.number.test_connection_check import ConnectedCase


def work_off_and_watch(tasks):
    """The scheduled actions; a tour has no scheduler beside it."""
    work_off_at_once(tasks)
    tasks.env["whatsapp.clinic.alarm"].sudo()._cron_watch()


@tagged("post_install", "-at_install")
class TestAlarmTour(ConnectedCase):
    def test_banner_leads_to_the_cure_and_goes_with_the_cause(self):
        self.address_webhook()
        self.env["whatsapp.clinic.alarm"].search([]).unlink()
        self.sandbox.change_business_account(BUSINESS_ACCOUNT, subscribed=False)
        self.check()
        self.channel.last_webhook_at = clock.now()
        self.env["whatsapp.clinic.alarm"]._cron_watch()
        administrator = staff_user(self, "administrator", tz="UTC")
        with patch.object(ChannelTask, "_wake", work_off_and_watch):
            self.start_tour(
                "/odoo/action-whatsapp_clinic.message_action?view_type=list",
                "whatsapp_clinic_fix_an_alarm",
                login=administrator.login,
            )
        alarm = self.env["whatsapp.clinic.alarm"].search(
            [("channel_id", "=", self.channel.id), ("kind", "=", "connection")]
        )
        self.assertTrue(alarm.closed_at)
