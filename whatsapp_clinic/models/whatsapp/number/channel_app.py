from odoo import fields, models

from ....cloud_api.errors import CloudApiError
from ....tools import clock
from ...channel.channel import COEXISTENCE_RATE

SYNCS = ("smb_app_state_sync", "history")


class Channel(models.Model):
    """The number in the WhatsApp Business app: what was said there before.

    WhatsApp tells it when asked within 24 hours of the connection, and once; the clinic
    decides in the app whether it is shared.
    """

    _inherit = "whatsapp.clinic.channel"

    app_data_asked_at = fields.Datetime(
        "App History Asked For", readonly=True, copy=False
    )
    history_progress = fields.Integer(
        "App History (%)", readonly=True, copy=False, help="How much of it has come."
    )

    def _note_app(self, is_in_app: bool | None):
        """WhatsApp says whether the number is in the app; then ask what it knows."""
        if not isinstance(is_in_app, bool):
            return
        values = {"is_coexistence": is_in_app}
        if is_in_app:
            values["rate"] = min(self.rate, COEXISTENCE_RATE)
        self._write_changes(values)
        if is_in_app and not self.app_data_asked_at:
            self.app_data_asked_at = clock.now()
            self._ask("sync_app")

    def _call_sync_app(self):
        """Ask for both; one that is refused does not keep the other from coming."""

        def ask(client, _app):
            refusals = []
            for kind in SYNCS:
                try:
                    client.request_app_data(kind)
                except CloudApiError as error:
                    refusals.append(error)
            if refusals:
                raise refusals[-1]

        return ask

    def _apply_sync_app(self, _answer):
        """Webhooks bring it."""

    def _note_history(self, event):
        """Apply a `cloud_api.webhooks.Synchronised`."""
        channel = self.with_context(lang=self.company_id.partner_id.lang)
        if event.errors:
            told = channel.env._(
                "The history of the WhatsApp Business app does not come: %s",
                event.errors[0].title,
            )
            channel.message_post(body=told)
        progress = event.progress or 0
        if progress <= self.history_progress:
            return
        self.history_progress = progress
        if progress >= 100:
            channel.message_post(
                body=channel.env._(
                    "The history of the WhatsApp Business app has come; it is marked "
                    "as such among the messages."
                )
            )
